"""Entry of the component package: lets programs in any Pulumi language use the components."""

import importlib
import os
import re
import signal
import socket
import sys
import threading
import time
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from pulumi.errors import InputPropertiesError
from pulumi.output import Inputs, Output
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.analyzer import PropertyDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError
from pulumi.resource import ResourceOptions

HERE = Path(__file__).resolve().parent

# Pulumi runs this folder as a script; the components are a package, with imports relative to it.
sys.path.insert(0, str(HERE.parent))
components = importlib.import_module(HERE.name)
camel_case = importlib.import_module(f"{HERE.name}.inputs.outputs").camel_case
#: The names of all inputs, those inside of objects, too.
NAMES = {name for each in vars(components).values() for name in getattr(each, "__annotations__", {})}


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
        """Translate the names inside inputs, and nothing else: what is not allowed is the components' to say.

        Pulumi's own host ends with a traceback at an Output where a number, a word or a list of objects may be one.
        """
        del component_name, property_path
        return cast(Inputs, self._object(inputs, properties, mapping))

    def _object(self, value: Any, properties: dict[str, PropertyDefinition], mapping: dict[str, str]) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {mapping.get(key, key): self._value(properties.get(key), each) for key, each in value.items()}

    def _value(self, declared: PropertyDefinition | None, value: Any) -> Any:
        if declared is None:
            return value
        if isinstance(value, Output):
            return value.apply(partial(self._value, declared))
        kind = self.get_type_definition(declared) if declared.ref else None
        if kind and not kind.enum:
            return self._object(value, kind.properties, kind.properties_mapping)
        if declared.items and isinstance(value, list):
            return [self._value(declared.items, each) for each in value]
        if declared.additional_properties and isinstance(value, Mapping):
            return {key: self._value(declared.additional_properties, each) for key, each in value.items()}
        return value


def spelled(text: str) -> str:
    """Return a text with the names of inputs as other languages spell them; what is the program's own stays."""
    return re.sub(r"[a-z0-9]+(_[a-z0-9]+)+", lambda word: camel_case(word[0]) if word[0] in NAMES else word[0], text)


def failure(inputs: list[Any], owner: str, outcome: str) -> InputPropertiesError:
    """Return the error for a program in another language, with the names as they are spelled there."""
    respelled = [
        replace(error, key=spelled(error.key), rule=spelled(error.rule), example=spelled(error.example))
        for error in inputs
    ]
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
    hosted = [components.AppNamespace, components.AuthService, components.MySqlCluster, components.MySqlDatabase]
    main(Host(hosted, project["name"], project["name"], project["version"]), sys.argv[1:])
