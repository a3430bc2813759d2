"""Templates to letters: a set per language, ours or the workspace's, rendered in a sandbox.

A template set is a folder `<set>/<language>/` with `subject.txt`, `text.txt` and `html.html`; a
workspace may replace any one of these files.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from invoicebatch.errors import RenderError
from invoicebatch.formats.mail.words import date_text, iban_ending, iban_text, money_text

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Template

    from invoicebatch.formats.mail.sandbox import BoundedEnvironment

LANGUAGES: Final = ("en", "nl", "fr", "de")
SHIPPED: Final = Path(__file__).parent / "templates"
MAX_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person reads; `table`: that of several documents, in cells of text."""

    subject: str
    text: str
    html: str
    table: Mapping[str, Any] | None = None


def pick_language(*wishes: str | None) -> str:
    """The first of some language codes that we write, English where none is.

    >>> pick_language(None, "nl-BE", "fr")
    'nl'
    """
    for wish in wishes:
        code = (wish or "").strip().lower().replace("_", "-").partition("-")[0]
        if code in LANGUAGES:
            return code
    return "en"


def template_sets(folders: Iterable[Path] = ()) -> list[str]:
    """Names of the template sets there are, in these folders and ours."""
    found = (entry for folder in (*folders, SHIPPED) if folder.is_dir() for entry in folder.iterdir())
    return sorted({entry.name for entry in found if entry.is_dir()})


class Letters:
    """The letters of one template set."""

    def __init__(self, name: str, folders: Sequence[Path] = ()) -> None:
        """A set by name.

        Args:
            name: the set, such as `invoice`.
            folders: folders that go before ours, such as the workspace's `templates/mail`.
        """
        from jinja2 import ChoiceLoader, FileSystemLoader

        self.name = name
        loaders: list[BaseLoader] = [FileSystemLoader(folder) for folder in (*folders, SHIPPED)]
        self._html = _environment(ChoiceLoader(loaders), escape=True)
        self._text = _environment(ChoiceLoader(loaders), escape=False)

    def render(self, language: str, values: Mapping[str, Any]) -> Letter:
        """The letter in a language.

        Args:
            language: en, nl, fr or de.
            values: what the templates may name: plain text, numbers, dates and mappings of these.

        Raises:
            RenderError: a template is missing, broken, or names what it is not given.
        """
        subject = self._part(self._text, language, "subject.txt", values)
        return Letter(
            " ".join(subject.split())[:MAX_SUBJECT],
            self._part(self._text, language, "text.txt", values).strip() + "\n",
            self._part(self._html, language, "html.html", values).strip() + "\n",
        )

    def words(self, language: str) -> Mapping[str, Any]:
        """What `<language>/words.jinja` of the set calls `words`.

        Raises:
            RenderError: there is no such file, or it is broken.
        """
        from jinja2.exceptions import TemplateError

        name = f"{self.name}/{language}/words.jinja"
        try:
            found: Any = self._text.get_template(name).module
            words: Mapping[str, Any] = found.words
        except (TemplateError, AttributeError) as error:
            raise RenderError(f"Mail template {name}: {error}") from error
        return words

    def _part(
        self,
        environment: "BoundedEnvironment",
        language: str,
        part: str,
        values: Mapping[str, Any],
    ) -> str:
        from jinja2.exceptions import TemplateError, TemplateNotFound, TemplateSyntaxError

        from invoicebatch.formats.mail.sandbox import bounded

        name = f"{self.name}/{language}/{part}"
        try:
            template: Template = environment.get_template(name)
            with bounded():
                return template.render(language=language, **_filters(language), **values)
        except TemplateNotFound as error:
            raise RenderError(
                f"There is no mail template {error.name}.", "Look into templates/mail."
            ) from error
        except TemplateSyntaxError as error:
            raise RenderError(
                f"Mail template {error.name or name}, line {error.lineno}: {error.message}"
            ) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, MemoryError, RecursionError) as error:
            raise RenderError(f"Mail template {name}: {error}") from error


def _environment(loader: "BaseLoader", *, escape: bool) -> "BoundedEnvironment":
    from jinja2 import StrictUndefined

    from invoicebatch.formats.mail.sandbox import BoundedEnvironment

    environment = BoundedEnvironment(
        loader=loader, autoescape=escape, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals = {}
    environment.filters["iban"] = iban_text
    environment.filters["ending"] = iban_ending
    return environment


def _filters(language: str) -> dict[str, Callable[..., str]]:
    return {
        "money": lambda cents, currency: money_text(int(cents), currency, language),
        "date": lambda day: date_text(day, language),
    }
