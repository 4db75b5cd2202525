"""Command line: `python -m lab.conformance [--only sig-network,sig-apps] [--nodes 2] [--again]`."""

import argparse
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cli import console, paths
from lab import images, toolchain
from lab.images import build
from lab.node import Node, owned
from lab.node.node import kubectl
from lab.toolchain import pins

from . import recipes, record, sharing, suite

#: Runs side by side.
WORKERS = 3


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="lab.conformance", description=__doc__)
    parser.add_argument("--only", default="", help="groups, with commas between them (default: all)")
    parser.add_argument("--nodes", type=int, default=2, help="how many nodes the cluster has (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="run what failed once more")
    return parser.parse_args()


def main() -> None:
    """Start a cluster, run what is left, write the page; the cluster is gone afterwards."""
    given = arguments()
    tools = toolchain.ensure("engine", "node", "conformance")
    archives = [*images.archives().values(), *(build.archive(recipe) for recipe in recipes.asked_for())]
    node = Node(owned.name("conformance"))
    with tempfile.TemporaryDirectory(prefix="kubeauth-conformance-") as folder:
        registries = dict.fromkeys(recipes.REGISTRIES, "localhost")
        Path(folder, "registries.yaml").write_text(json.dumps(registries), encoding="utf-8")
        try:
            node.start(programs=tools.bin, images=archives, nodes=given.nodes)
            specs = suite.Suite(tools.bin / "e2e.test", kubectl(tools.bin), node, Path(folder))
            done = record.Record.load(version(), given.nodes)
            done.names = specs.names()
            groups = [name for name in given.only.split(",") if name]
            if unknown := set(groups) - {suite.group(name) for name in done.names}:
                raise console.Problem(f"there is no group {', '.join(sorted(unknown))}", "leave ONLY out")
            waiting = done.waiting(groups, again=given.again)
            beside, alone = sharing.share_out(waiting)
            with ThreadPoolExecutor(WORKERS) as pool:
                for outcomes in pool.map(specs.run, beside):
                    keep(done, outcomes, len(waiting))
            for names in alone:
                keep(done, specs.run(names), len(waiting))
        finally:
            node.reset()
    record.PAGE.write_text(record.page(done), encoding="utf-8")
    console.console.print(f"Wrote {record.PAGE.relative_to(paths.CHECKOUT)}.", markup=False)


def version() -> str:
    """Of the specs, which is that of the cluster."""
    program = next(program for program in pins.pinned() if program.name == "e2e.test")
    return next(value for name, value in program.set.items() if name.endswith("gitVersion"))


def keep(done: record.Record, outcomes: list[suite.Outcome], wanted: int) -> None:
    """Record outcomes and say how far it is."""
    done.add(outcomes)
    for outcome in outcomes:
        text = f"{outcome.state:8} {outcome.seconds:5.0f} s  {outcome.name}{f': {outcome.why}' if outcome.why else ''}"
        console.console.print(text, markup=False, style="red" if outcome.state == "failed" else "")
    console.console.print(
        f"… {len(done.found)} of {len(done.names)} specs are recorded ({wanted} to run)", markup=False
    )


console.run(main)
