"""How Pulumi is told to run the policy pack; the rules are in policy/."""

from tools import paths


def options(stack: str) -> list[str]:
    """The options of `pulumi preview` and `pulumi up` that check a stack against the pack.

    Args:
        stack: The stack's name; `policy/config.<name>.json` says what holds for it, else `policy/config.default.json`.
    """
    # Relative to the checkout, where Pulumi runs: a comma in an option would be the end of a value.
    config = f"policy/config.{stack}.json"
    if not (paths.CHECKOUT / config).exists():
        config = "policy/config.default.json"
    return ["--policy-pack", "policy", "--policy-pack-config", config]
