"""Entry of the component package: lets programs in any Pulumi language use the components."""

import importlib
import os
import signal
import socket
import sys
import threading
import time
import tomllib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from pulumi.errors import InputPropertiesError
from pulumi.output import Inputs, Output
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.analyzer import PropertyDefinition, TypeDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError
from pulumi.resource import ResourceOptions

HERE = Path(__file__).resolve().parent

# Pulumi runs this folder as a script; the components are a package, with imports relative to it.
sys.path.insert(0, str(HERE.parent))
components = importlib.import_module(HERE.name)
spelled = importlib.import_module(f"{HERE.name}.inputs.outputs").camel_case


class Host(ComponentProvider):
    """Hosts the components, and hands their input errors on as they are: all of them, without a traceback."""

    def construct(
        self, name: str, resource_type: str, inputs: Inputs, options: ResourceOptions | None = None
    ) -> ConstructResult:
        """Make one component; see the class."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, InputPropertiesError):
                raise error.inner from None
            raise

    def map_input_properties(
        self,
        inputs: Inputs,
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> Inputs:
        """Translate the names inside objects that are another resource's output, too; Pulumi's own host drops them."""
        given = inputs if isinstance(inputs, dict) else {}
        objects = {
            key: (value, kind)
            for key, declared in properties.items()
            if isinstance(value := given.get(key), Output)
            and declared.ref
            and (kind := self.get_type_definition(declared))
            and not kind.enum
        }
        others = {key: value for key, value in properties.items() if key not in objects}
        mapped = {**super().map_input_properties(inputs, others, mapping, component_name, property_path)}

        def translated(key: str, kind: TypeDefinition, found: Inputs) -> Inputs:
            path = f"{property_path}.{key}".lstrip(".")
            return self.map_input_properties(found, kind.properties, kind.properties_mapping, component_name, path)

        for key, (value, kind) in objects.items():
            mapped[mapping[key]] = value.apply(partial(translated, key, kind))
        return cast(Inputs, mapped)


def failure(inputs: list[Any], owner: str, outcome: str) -> InputPropertiesError:
    """Return the error for a program in another language, with the names as they are spelled there."""
    respelled = [replace(error, key=spelled(error.key), rule=spelled(error.rule)) for error in inputs]
    return InputPropertiesError(str(components.InputErrors(respelled, owner, outcome)), [])


def end_with(engine: str) -> None:
    """End this process, and the language host that started it, when the engine has ended.

    Pulumi's own host, where it is older than the CLI, leaves both running for ever.

    Args:
        engine: The engine's address, `host:port`.
    """
    host, _, port = engine.rpartition(":")
    while True:
        time.sleep(5)
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
        except ConnectionRefusedError:
            # The engine puts the language host at the head of a process group of its own.
            if os.getpgrp() == os.getppid():
                os.killpg(os.getpgrp(), signal.SIGTERM)
            os._exit(0)
        except OSError:
            continue


if __name__ == "__main__":
    threading.Thread(target=end_with, args=[sys.argv[1]], daemon=True).start()
    importlib.import_module(f"{HERE.name}.inputs.errors").report_as(failure)
    importlib.import_module(f"{HERE.name}.kubernetes.reservations").count_per(lambda: Host)
    # The version is written once, where pip reads it, too.
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    hosted = [components.AppNamespace, components.AuthService, components.MySqlDatabase]
    main(Host(hosted, project["name"], project["name"], project["version"]), sys.argv[1:])
