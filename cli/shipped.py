"""The components and the policy pack that this command comes with: beside it in a checkout, above it in the wheel."""

import importlib
from pathlib import Path
from types import ModuleType

_HERE = Path(__file__).resolve().parent
#: In the wheel they are one package: kubeauth, kubeauth.policy and kubeauth.cli.
_COMPONENTS = __name__.removesuffix(".cli.shipped") if __name__ != "cli.shipped" else "components"


def component(name: str) -> ModuleType:
    """Import a module of the components, where it is needed: Pulumi's SDK takes half a second."""
    return importlib.import_module(f"{_COMPONENTS}.{name}")


def policy() -> Path:
    """The folder of the policy pack."""
    return _HERE.parent / "policy"
