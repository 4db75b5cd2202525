"""How Pulumi is told to run the policy pack; the rules are in policy/."""

import json
from collections.abc import Iterable

from .. import paths
from . import config

#: The rule of policy/ownership.py.
OWN_OBJECTS = "own-objects"
#: The annotation that says whose an object is, as components/ownership.py writes it.
MARK = "kubeauth/stack"


def options(stack: str, known: Iterable[str] | None = None, *, adopt: bool = False) -> list[str]:
    """The options of `pulumi preview` and `pulumi up` that check a stack against the pack.

    Args:
        stack: The stack's name; `policy/config.<name>.json` says what holds for it, else `policy/config.default.json`.
        known: What the stack's state has: only that may exist already. Default: objects with the stack's mark may.
        adopt: Whether objects with the stack's mark may exist although its state does not have them.
    """
    # Relative to the checkout, where Pulumi runs: a comma in an option would be the end of a value.
    used = f"policy/config.{stack}.json"
    if not (paths.CHECKOUT / used).exists():
        used = "policy/config.default.json"
    if known is not None:
        content = json.loads((paths.CHECKOUT / used).read_text(encoding="utf-8"))
        content[OWN_OBJECTS] = {"known": sorted(known), "adopt": adopt}
        used = f"{paths.LOCAL.name}/policy.{stack}.json"
        config.write_private(paths.CHECKOUT / used, json.dumps(content))
    return ["--policy-pack", "policy", "--policy-pack-config", used]
