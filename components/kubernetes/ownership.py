"""The mark that says which stack an object belongs to, so that no other stack takes it over."""

import pulumi

#: The annotation's key. Two stacks that apply the same object conflict in its value, and the second is refused.
MARK = "kubeauth/stack"


def mark() -> dict[str, str]:
    """Return the annotation for each object of the stack that runs: `<organization>/<project>/<stack>`."""
    return {MARK: f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"}
