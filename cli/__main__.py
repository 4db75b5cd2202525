"""`python -m cli`: the command `kubeauth` on a machine as it is."""

from .main import main

main()
