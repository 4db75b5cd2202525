"""Entry of the policy pack: Pulumi runs this folder as a script."""

import importlib
import io
import sys
from pathlib import Path

from pulumi_policy import PolicyPack

HERE = Path(__file__).resolve().parent

# pulumi_policy tells the engine its port without a flush: unless nothing is buffered, the engine waits for ever.
sys.stdout = io.TextIOWrapper(io.FileIO(sys.stdout.fileno(), "wb", closefd=False), "utf-8", write_through=True)
# Pulumi runs this folder as a script; the rules are a package, with imports relative to it.
sys.path.insert(0, str(HERE.parent))
importlib.import_module(f"{HERE.name}.values").install()
PolicyPack("kubeauth", importlib.import_module(f"{HERE.name}.rules").POLICIES)
