"""Entry of the component package: lets programs in any Pulumi language use the components."""

import importlib
import sys
import tomllib
from pathlib import Path

from pulumi.provider.experimental import component_provider_host

HERE = Path(__file__).resolve().parent

# Pulumi runs this folder as a script; the components are a package, with imports relative to it.
sys.path.insert(0, str(HERE.parent))
components = importlib.import_module(HERE.name)

# The version is written once, where pip reads it, too.
project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

component_provider_host(
    name="kubeauth",
    components=[components.AppNamespace, components.AuthService, components.MySqlDatabase],
    namespace="kubeauth",
    version=project["version"],
)
