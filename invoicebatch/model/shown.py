"""Frames that a notebook shows as people read them; all else about them is as of any other frame."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Any, ParamSpec

import pandas as pd
from markupsafe import Markup

from invoicebatch.model.markup import joined, table

P = ParamSpec("P")


class Frame(pd.DataFrame):
    """A frame that shows itself well, and so do its rows and columns; what is computed from its groups is plain."""

    @property
    def _constructor(self) -> "type[Frame]":
        return Frame

    def groupby(self, *args: Any, **options: Any) -> Any:
        """As of any frame; counts of amounts, say, are no amounts, so they show as they are."""
        return pd.DataFrame(self).groupby(*args, **options)

    def _repr_html_(self) -> Markup | None:
        return table(self) if pd.get_option("display.notebook_repr_html") else None


class Tables(dict[str, pd.DataFrame]):
    """Frames by name that show themselves well, alone and together."""

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        super().__init__({name: Frame(frame) for name, frame in frames.items()})

    def _repr_html_(self) -> Markup:
        parts = [
            Markup("<h4>{}</h4>{}").format(name.replace("_", " ").capitalize(), table(frame))
            for name, frame in self.items()
            if len(frame)
        ]
        return joined(parts) if parts else Markup("<p><i>Nothing to show.</i></p>")


class ShowsFrames:
    """Base of what people are handed with frames in its fields: each shows itself well."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # its heirs are dataclasses
            if isinstance(value := getattr(self, field.name), pd.DataFrame):
                object.__setattr__(self, field.name, Frame(value))


def shown(make: Callable[P, pd.DataFrame]) -> Callable[P, pd.DataFrame]:
    """A function whose frame shows itself well."""

    @wraps(make)
    def made(*args: P.args, **options: P.kwargs) -> pd.DataFrame:
        return Frame(make(*args, **options))

    return made
