"""Where a mail template runs: it can write text, and not for ever.

Turns of loops, calls of macros and templates that are included are counted rather than timed, so a template that passes here passes on a
machine that is busy too.
"""

from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Number
from typing import Any

from jinja2 import Template, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from invoicebatch.files import limits

_LEFT: ContextVar[int] = ContextVar("turns left")


@contextmanager
def bounded() -> Iterator[None]:
    """Within, templates may take as many turns together as one mail may (`files.limits.MAIL_TURNS`)."""
    before = _LEFT.set(limits.MAIL_TURNS)
    try:
        yield
    finally:
        _LEFT.reset(before)


def _count() -> None:
    left = _LEFT.get(limits.MAIL_TURNS) - 1
    if left < 0:
        raise SecurityError(f"it takes more than {limits.MAIL_TURNS:,} turns: has a loop no end?")
    _LEFT.set(left)


def _counting(things: Iterable[Any]) -> Iterator[Any]:
    for thing in things:
        _count()
        yield thing


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which every turn counts and no text is multiplied by an operator."""

    intercepted_binops = frozenset(("*", "**"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters["counting"] = _counting

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: D102
        if operator == "**" or not (isinstance(left, Number) and isinstance(right, Number)):
            raise SecurityError(f"{operator} is no operator of a mail template, but for products of numbers")
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, wanted: Any, *args: Any, **options: Any) -> Any:  # noqa: D102
        _count()
        if isinstance(wanted, LoopContext) and args:  # a recursive loop, and what it goes over now
            args = (_counting(args[0]), *args[1:])
        return super().call(context, wanted, *args, **options)

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:  # noqa: A002
        if _LEFT.get(None) is not None:
            _count()
        return super()._load_template(name, globals)

    def _generate(self, source: nodes.Template, *rest: Any, **options: Any) -> str:
        for loop in list(source.find_all(nodes.For)):
            loop.iter = nodes.Filter(loop.iter, "counting", [], [], None, None, lineno=loop.lineno)
        source.set_environment(self)
        return super()._generate(source, *rest, **options)
