"""Break a bench's program or configuration for a while, and put it right again."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .bench import Bench

Way = Callable[[Bench], Iterator[None]]
#: Changes what the program registers on its way to the engine; the components stay as they are.
_HEAD = """import pulumi


def sabotage(args):
    props = args.props
    if args.type_ == {type_!r} and args.name == {name!r}:
{body}
    return pulumi.ResourceTransformResult(props=props, opts=args.opts)


pulumi.runtime.register_resource_transform(sabotage)
"""


@contextmanager
def changed(bench: Bench, type_: str, name: str, *statements: str) -> Iterator[None]:
    """Change one resource while the body runs.

    Args:
        bench: Whose program.
        type_: The resource's type.
        name: Its logical name.
        statements: Python, on `props`, the resource's inputs as they go over the wire.
    """
    program = bench.checkout / "__main__.py"
    written = program.read_text()
    body = "\n".join(f"        {statement}" for statement in statements)
    program.write_text(_HEAD.format(type_=type_, name=name, body=body) + written)
    try:
        yield
    finally:
        program.write_text(written)


def configured(**values: str) -> Way:
    """Another configuration. A key may name the first item of a list: `authArgs[0]`."""

    def make(bench: Bench) -> Iterator[None]:
        known = json.loads(bench.run("pulumi", "config", "--json"))
        bench.config(**values)
        yield
        for key in values:
            before = known[f"kubeauth:{key.removesuffix('[0]')}"]
            bench.config(**{key: before["objectValue"][0] if key.endswith("[0]") else before["value"]})

    return make
