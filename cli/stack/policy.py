"""How Pulumi is told to run the policy pack; the rules are in policy/."""

import json
import shutil
import sys
from collections.abc import Iterable

import yaml

from .. import paths, shipped
from . import config

#: The rule of policy/ownership.py.
OWN_OBJECTS = "own-objects"
#: The annotation that says whose an object is, as components/kubernetes/ownership.py writes it.
MARK = "kubeauth/stack"


def options(stack: str, known: Iterable[str] | None = None, *, adopt: bool = False) -> list[str]:
    """The options of `pulumi preview` and `pulumi up` that check a stack against the pack.

    Args:
        stack: The stack's name; `policy/config.<name>.json` says what holds for it, else `policy/config.default.json`.
        known: What the stack's state has: only that may exist already. Default: objects with the stack's mark may.
        adopt: Whether objects with the stack's mark may exist although its state does not have them.
    """
    # Relative to the checkout, where Pulumi runs: a comma in an option would be the end of a value.
    pack = _pack()
    used = f"policy/config.{stack}.json"
    if not (paths.CHECKOUT / used).exists():
        # A project that took no policies over is advised; it has agreed to none.
        used = f"{pack}/config.{'default' if pack == 'policy' else 'advisory'}.json"
    if known is not None:
        content = json.loads((paths.CHECKOUT / used).read_text(encoding="utf-8"))
        content[OWN_OBJECTS] = {"enforcementLevel": "mandatory", "known": sorted(known), "adopt": adopt}
        used = f"{paths.LOCAL.name}/policy.{stack}.json"
        config.write_private(paths.CHECKOUT / used, json.dumps(content))
    return ["--policy-pack", pack, "--policy-pack-config", used]


def _pack() -> str:
    """The project's own policy pack, or a copy of the one that this command comes with."""
    if (paths.CHECKOUT / "policy/PulumiPolicy.yaml").exists():
        return "policy"
    own = paths.LOCAL / "policy"
    shutil.copytree(shipped.policy(), own, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    declaration = own / "PulumiPolicy.yaml"
    content = config.read(declaration)
    # The packages of this very Python; the pack needs no installation of its own.
    content["runtime"]["options"]["virtualenv"] = sys.prefix
    config.write_private(declaration, yaml.safe_dump(content, sort_keys=False))
    return f"{paths.LOCAL.name}/policy"
