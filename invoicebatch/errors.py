"""Every error a person can meet, with what to do about it; nothing else lives here.

The tree (exit code of the command line in brackets)::

    InvoicebatchError                 [1]
    ├── UsageError                    [2]  the call or its input is wrong; nothing was done
    │   ├── UnknownNameError          [2]  an action, column, table or run that does not exist
    │   ├── ParameterError            [2]  a parameter of an action is missing or wrong
    │   ├── SelectionError            [2]  a selection that can't be read
    │   │   └── FilterError           [2]  a filter (`--where`) that can't be evaluated
    │   ├── RulesError                [2]  rules/*.toml: file, key and column named
    │   ├── SettingsError             [2]  invoicebatch.toml or the environment
    │   ├── WorkspaceError            [2]  the folder is no workspace
    │   ├── InputFileError            [2]  a file to import or read back
    │   └── ConfirmationError         [2]  an action that asks for confirmation did not get it
    ├── NothingEligibleError          [4]  no selected row can take the action
    ├── BusyError                     [5]  another process holds the workspace or the run
    ├── StorageError                  [1]  the disk or the database file: full, read-only, damaged
    │   └── DocumentError             [1]  a stored document is missing or its bytes have changed
    ├── StaleError                    [1]  a row changed between reading and writing it
    ├── TransitionError               [1]  a status change outside the transition table
    ├── ClusterError                  [1]  the Dask cluster failed during a run
    └── RenderError                   [1]  a document can't be made: field, template and line

A row that can't be done is *not* an exception: it is data that travels with the result
(see `invoicebatch.model.changes`).
"""


class InvoicebatchError(Exception):
    """Base of all errors; `message` says what is wrong, `hint` what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    @property
    def id(self) -> str:
        """Its kind in a word, for `invoicebatch explain`: IB-UNKNOWN-NAME."""
        name = type(self).__name__.removesuffix("Error")
        return "IB" + "".join(f"-{letter}" if letter.isupper() else letter.upper() for letter in name)

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.message, self.hint)


class UsageError(InvoicebatchError):
    """The call or its input is wrong; nothing was done."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that does not exist; the hint offers the nearest ones."""


class ParameterError(UsageError):
    """A parameter of an action is missing, unknown or of the wrong form."""


class SelectionError(UsageError):
    """A selection that can't be read."""


class FilterError(SelectionError):
    """A filter that can't be evaluated, or tries more than filtering."""


class RulesError(UsageError):
    """rules/facts.toml or rules/actions.toml is wrong: file, key and column are named."""


class SettingsError(UsageError):
    """invoicebatch.toml or an INVOICEBATCH_* variable is wrong."""


class WorkspaceError(UsageError):
    """The folder is no workspace, or of a newer version."""


class InputFileError(UsageError):
    """A file to import or read back can't be used at all."""


class ConfirmationError(UsageError):
    """An action that can't be undone was not confirmed."""


class NothingEligibleError(InvoicebatchError):
    """No selected row can take the action."""

    exit_code = 4


class BusyError(InvoicebatchError):
    """Another process holds the workspace or the run."""

    exit_code = 5


class StorageError(InvoicebatchError):
    """The disk or the database file failed: full, read-only, damaged."""


class DocumentError(StorageError):
    """A stored document is missing or its bytes no longer match their hash."""


class StaleError(InvoicebatchError):
    """A row changed between reading and writing it; the transaction was rolled back."""


class TransitionError(InvoicebatchError):
    """A status change that the transition table does not hold."""


class ClusterError(InvoicebatchError):
    """The Dask cluster failed during a run; what was committed stands."""


class RenderError(InvoicebatchError):
    """A document can't be made; the message names field, template and line."""
