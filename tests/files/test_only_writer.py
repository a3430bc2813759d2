"""Only `files` and `store` write to disk: whoever else did would leave half files or overwrite somebody's work."""

import ast
import re

import pytest

from tests.files.sources import calls, trees

EXCEPTIONS = {
    "delivery/external/files.py": "writes wherever fsspec reaches; this machine's disk is one such place of many",
    "engine/base/faultpoints.py": "notes points for the crash tests, a line each, while the process is being killed",
    "ingest/readers/workbook.py": "lends a workbook to its child process in a temporary folder",
    "ingest/readers/workbook_child.py": "imports nothing of the package; writes into that temporary folder",
    "interfaces/cli/main.py": "opens the null device where nobody reads the output any more",
}

WRITING_METHODS = {
    "write_text", "write_bytes", "touch", "mkdir", "rmdir", "unlink", "symlink_to", "hardlink_to", "pipe_file",
    "makedirs", "savefig",
}  # fmt: skip
WRITING_FUNCTIONS = re.compile(
    r"os\.(open|replace|rename|renames|remove|unlink|mkdir|makedirs|rmdir|link|symlink|truncate)"
    r"|shutil\.(copy\w*|move|rmtree)|tempfile\.(mkstemp|mkdtemp|NamedTemporaryFile)|pa\.OSFile"
)
FRAME_METHODS = {"to_csv", "to_excel", "to_parquet", "to_feather", "to_pickle", "to_hdf", "to_stata"}


def writes(name: str, call: ast.Call) -> bool:
    """Whether a call writes to disk, as far as its own text tells."""
    method = name.rpartition(".")[2]
    if WRITING_FUNCTIONS.fullmatch(name) or method in WRITING_METHODS:
        return True
    if method in FRAME_METHODS:  # without a path they give the bytes
        return bool(call.args) or any(keyword.arg == "path" for keyword in call.keywords)
    if method == "open":
        return any(is_writing_mode(mode) for mode in modes(name, call))
    if method in ("rename", "replace") and "." in name and len(call.args) == 1 and not call.keywords:
        return not isinstance(call.args[0], ast.Dict | ast.Constant)  # those are a column's or a frame's
    return False


def modes(name: str, call: ast.Call) -> list[ast.expr]:
    place = 1 if name == "open" else 0  # Path.open has the mode first
    named = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    return [*call.args[place : place + 1], *named]


def is_writing_mode(mode: ast.expr) -> bool:
    """A constant such as `wb`; other texts in that place are names of files."""
    return (
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and len(mode.value) <= 3
        and bool(set(mode.value) & set("wax+"))
    )


def writers() -> dict[str, list[str]]:
    return {
        path: [f"line {call.lineno}: {name}" for name, call in calls(tree) if writes(name, call)]
        for path, tree in trees().items()
        if not path.startswith(("files/", "store/"))
    }


def test_no_module_outside_files_and_store_writes() -> None:
    found = {path: places for path, places in writers().items() if places and path not in EXCEPTIONS}
    assert found == {}, "write through invoicebatch.files.whole, or stage the file in the run"


def test_every_exception_is_still_one() -> None:
    found = writers()
    assert {path for path in EXCEPTIONS if not found.get(path)} == set()


@pytest.mark.parametrize(
    "source",
    [
        "path.write_text('x')", "(folder / 'a').write_bytes(b'')", "path.open('w')", "path.open(mode='ab')",
        "open(path, 'w+b')", "os.open(path, os.O_WRONLY)", "os.replace(a, b)", "part.replace(path)",
        "part.rename(path)", "shutil.copyfile(a, b)", "shutil.rmtree(folder)", "frame.to_csv(path)",
        "pd.DataFrame({}).to_parquet(path=path)", "frame.to_excel(path)", "folder.mkdir(parents=True)",
        "path.touch()", "path.unlink(missing_ok=True)", "tempfile.mkdtemp()", "pa.OSFile(path, 'wb')",
    ],
)  # fmt: skip
def test_a_writer_would_be_seen(source: str) -> None:
    ((name, call),) = [one for one in calls(ast.parse(source)) if not one[0].endswith("DataFrame")]
    assert writes(name, call)


@pytest.mark.parametrize(
    "source",
    [
        "path.open('rb')", "open(path)", "path.open(encoding='utf-8')", "text.replace('a', 'b')",
        "moment.replace(tzinfo=None)", "series.rename('x')", "frame.rename(columns={})", "replace(plan, ids=ids)",
        "series.replace({'a': 'b'})", "archive.open(info, 'w')", "frame.to_csv()", "frame.to_parquet()",
        "session.open()",
    ],
)  # fmt: skip
def test_reading_and_renaming_columns_is_none(source: str) -> None:
    ((name, call),) = calls(ast.parse(source))
    assert not writes(name, call)
