"""Templates: found, layered (ours, the workspace's, the company account's), checked and hashed.

A template is a folder of readable files; a folder that overrides holds only what differs.
Rendering is not done here.
"""

import base64
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from invoicebatch.errors import RenderError
from invoicebatch.formats.pdf.wording import Wording

DEFAULT: Final = Path(__file__).parent / "templates" / "default"
LAYOUTS: Final = (
    "invoice",
    "advance",
    "final_note",
    "correction_note",
    "credit_note",
    "statement",
)
_TEXT = frozenset({".typ", ".toml", ".svg", ".csv", ".json", ".txt"})
_PICTURES: Mapping[str, str] = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_PACKAGE = re.compile(rb'"@[\w./-]+')
"""An import that typst would download."""
_BRACES = re.compile(r"\{(\w+)\}")

Layers = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A template with all its layers applied.

    Attributes:
        name: name of the most specific folder, for messages.
        root: that folder; pictures other than the logo are read from it.
        files: text files by path inside the template, UTF-8.
        look: template.toml of all layers, the most specific line winning.
        texts: texts by language, merged the same way.
        words: the same as JSON bytes, for the compiler.
        sha256: over all files of all layers.
        fonts: further folders of font files.
    """

    name: str
    root: Path
    files: Mapping[str, bytes]
    look: Mapping[str, Any]
    texts: Mapping[str, Mapping[str, Any]]
    words: Mapping[str, bytes]
    sha256: str
    fonts: tuple[Path, ...] = ()

    def wording(self, *languages: str | None) -> Wording:
        """The first of some languages that the template has; English as the last resort."""
        for language in languages:
            if language and language.lower()[:2] in self.texts:
                found = language.lower()[:2]
                return Wording(found, self.texts[found])
        return Wording("en", self.texts["en"])


def template_folders(root: Path, *folders: str | None) -> tuple[Path, ...]:
    """Folders that override the shipped template, the least specific first.

    Args:
        root: the workspace.
        folders: relative to it: the workspace's template, then the company account's; empty ones
            are left out.

    Raises:
        RenderError: a folder that does not exist or lies outside the workspace.
    """
    found: list[Path] = []
    for folder in folders:
        if not folder:
            continue
        path = (root / folder).resolve()
        if not path.is_relative_to(root.resolve()):
            raise RenderError(f"template {folder} lies outside the workspace")
        if not path.is_dir():
            raise RenderError(f"template folder {folder} does not exist in the workspace")
        if path not in found:
            found.append(path)
    return tuple(found)


def load_template(folders: tuple[Path, ...] = ()) -> Template:
    """The shipped template with some folders laid over it, cached while no file changes.

    Raises:
        RenderError: a file that can't be read, or settings and texts that are not valid.
    """
    layers = (DEFAULT, *folders)
    stamps = tuple((str(layer), _stamp(layer)) for layer in layers)
    return _load(stamps)


def _stamp(folder: Path) -> int:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return hash(tuple((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(paths)))


@lru_cache(maxsize=32)
def _load(stamps: Layers) -> Template:
    layers = [Path(folder) for folder, _ in stamps]
    contents = [_read(layer) for layer in layers]
    files: dict[str, bytes] = {}
    look: dict[str, Any] = {}
    texts: dict[str, dict[str, Any]] = {}
    digest = hashlib.sha256()
    for layer, content in zip(layers, contents, strict=True):
        for name, data in content.items():
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
            if name == "template.toml":
                look = {**look, **_toml(layer, name, data)}
            elif name.startswith("texts/") and name.endswith(".toml"):
                language = Path(name).stem
                texts[language] = _merge(texts.get(language, {}), _toml(layer, name, data))
            elif Path(name).suffix in _TEXT:
                files[name] = data
    _check_look(look, layers[-1])
    look = _with_logo(look, contents, files)
    files["look.json"] = json.dumps(look, sort_keys=True, ensure_ascii=False).encode()
    for language in texts.keys() - {"en"}:
        texts[language] = _merge(texts["en"], texts[language])
    for language, words in texts.items():
        _check_months(words, language, layers[-1])
    fonts = tuple(layer / "fonts" for layer in layers if (layer / "fonts").is_dir())
    words = {key: json.dumps(value, ensure_ascii=False).encode() for key, value in texts.items()}
    return Template(layers[-1].name, layers[-1], files, look, texts, words, digest.hexdigest(), fonts)


def _read(folder: Path) -> dict[str, bytes]:
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            raise RenderError(f"template {folder.name}: {path.name} is a link out of the folder")
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    try:
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in names
            if not path.name.startswith((".", "README"))
        }
    except OSError as error:
        raise RenderError(f"template {folder.name}: {error.filename} can't be read") from error
    for name, data in files.items():
        if name.endswith(".typ") and (package := _PACKAGE.search(data)):
            raise RenderError(
                f"template {folder.name}, {name}: {package[0].decode()} is a package, which is fetched from the"
                " network; put its files into the folder and import those"
            )
    return files


def _toml(folder: Path, name: str, data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RenderError(f"template {folder.name}, {name}: {error}") from error


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _check_look(look: Mapping[str, Any], folder: Path) -> None:
    known = tomllib.loads((DEFAULT / "template.toml").read_text(encoding="utf-8"))
    for key, value in look.items():
        if key not in known:
            raise RenderError(f"template {folder.name}, template.toml: unknown setting {key}")
        if type(value) is not type(known[key]):
            kind = type(known[key]).__name__
            raise RenderError(f"template {folder.name}, template.toml: {key} must be a {kind}")
    for key, pattern in _FORMS.items():
        if not re.fullmatch(pattern, look[key]):
            message = f"template {folder.name}, template.toml: {key} = {look[key]!r} is not usable"
            raise RenderError(message, f"It has the form {pattern}.")


def _check_months(words: Mapping[str, Any], language: str, folder: Path) -> None:
    for key in ("months", "months_short"):
        if not isinstance(words["format"][key], list) or len(words["format"][key]) != 12:
            raise RenderError(
                f"template {folder.name}, texts/{language}.toml: format.{key} must name 12 months"
            )


_FORMS: Final = {
    "colour": r"#[0-9a-fA-F]{6}",
    "window": r"left|right",
    "window_top": r"\d+(\.\d+)?mm",
    "logo_height": r"\d+(\.\d+)?mm",
}


def _with_logo(
    look: dict[str, Any], contents: list[dict[str, bytes]], files: dict[str, bytes]
) -> dict[str, Any]:
    # typst takes text files only from memory: a bitmap logo travels inside an SVG.
    name = str(look["logo"])
    data = next((content[name] for content in reversed(contents) if name in content), None)
    if not name or Path(name).suffix == ".svg":
        return look
    media = _PICTURES.get(Path(name).suffix.lower())
    if data is None or media is None:
        raise RenderError(f"template.toml: logo {name} is not an SVG, PNG or JPEG beside it")
    width, height = _pixels(data)
    picture = f"data:{media};base64,{base64.b64encode(data).decode()}"
    files["logo-picture.svg"] = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="0 0 {width} {height}"><image width="{width}" height="{height}"'
        f' xlink:href="{picture}"/></svg>'
    ).encode()
    return {**look, "logo": "logo-picture.svg"}


def _pixels(data: bytes) -> tuple[int, int]:
    import io

    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except OSError as error:
        raise RenderError("template.toml: the logo is no picture that can be read") from error


def missing_texts(template: Template) -> list[str]:
    """Faults in a template's texts: keys a language lacks, braces that ours does not fill."""
    english = load_template().texts["en"]
    faults = []
    for language, texts in sorted(template.texts.items()):
        for section, words in texts.items():
            if not isinstance(words, Mapping):
                faults.append(f"texts/{language}.toml: {section} is no section")
                continue
            known = english.get(section, {})
            faults += [
                f"texts/{language}.toml: {section}.{key} uses {{{brace}}}, which nothing fills in"
                for key, text in words.items()
                if isinstance(text, str) and isinstance(known.get(key), str)
                for brace in sorted(set(_BRACES.findall(text)) - _fillable(section, key, known[key]))
            ]
    return faults


def _fillable(section: str, key: str, ours: str) -> set[str]:
    if section == "format" and key.startswith("date"):
        return {"dd", "mm", "day", "month", "month3", "year"}
    return set(_BRACES.findall(ours))
