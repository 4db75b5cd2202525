"""Builds the images of the local cluster and writes them where other clusters can load them from."""

import argparse
import shutil
from pathlib import Path

from cli import console
from lab.images import REFERENCES, archives, docker, image_id
from lab.images.build import VERSION_LABEL


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.images", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the archives")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"only these: {', '.join(REFERENCES)} (default: those of every system)"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - REFERENCES.keys():
        raise console.Problem(f"no image is called {', '.join(sorted(unknown))}", f"known: {', '.join(REFERENCES)}")
    paths = archives(*arguments.names)
    arguments.out.mkdir(parents=True, exist_ok=True)
    written = {name: arguments.out / path.name for name, path in paths.items()}
    for name, path in written.items():
        # A reader never sees half an archive.
        half = path.with_suffix(".part")
        shutil.copyfile(paths[name], half)
        half.replace(path)
    for name, path in written.items():
        version = docker.label(path, VERSION_LABEL) or REFERENCES[name].rpartition(":")[2]
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB  {REFERENCES[name]} ({version})  {image_id(path)}")
    print("\nLoad them (Linux, this machine's architecture) with the line of your cluster:")
    files = [str(path) for path in written.values()]
    print("  docker      " + " && ".join(f"docker load --input {file}" for file in files))
    print("  kind        " + " && ".join(f"kind load image-archive {file}" for file in files))
    print("  minikube    " + " && ".join(f"minikube image load {file}" for file in files))
    print("  containerd  " + " && ".join(f"ctr --namespace k8s.io images import {file}" for file in files))


if __name__ == "__main__":
    console.run(main)
