"""`python -m lab`: the command `kubeauth` on a machine that builds what it lacks and has a local node of its own."""

from cli import machine, main
from lab.workshop import Workshop

machine.use(Workshop())
main.run()
