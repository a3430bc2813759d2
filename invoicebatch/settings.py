"""Settings of a workspace: `invoicebatch.toml` and INVOICEBATCH_* variables, typed.

A secret is never a setting: a setting names the environment variable or keyring entry it is in.
"""

import tomllib
from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from invoicebatch.errors import SettingsError

FILE = "invoicebatch.toml"


class Section(BaseModel):
    """Base of all sections; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Executor(Section):
    """Where the writers run."""

    processes: int = Field(0, ge=0, description="Worker processes; 0: one a core")
    dask: str = Field("", description="Address of a Dask scheduler; empty: this machine")
    chunk_rows: PositiveInt = Field(500, description="Documents a commit")


class Payment(Section):
    """Terms and collection dates."""

    term_days: int = Field(14, ge=0, description="Payment term where the customer has none")
    collection_date: str = Field(
        "+5 banking days", description="Default collection date: a rule or an ISO date"
    )
    execution_date: str = Field(
        "+1 banking days", description="Default execution date of refunds: a rule or an ISO date"
    )
    collection_lead_days: int = Field(1, ge=0, description="Banking days the bank needs before a collection")
    execution_lead_days: int = Field(0, ge=0, description="Banking days the bank needs before a refund")
    cut_off: time | None = Field(
        None, description="Local time after which the bank counts a file as the next day's; empty: none"
    )
    time_zone: str = Field("Europe/Brussels", description="Time zone of the cut-off")
    direct_debit_message: Literal["pain.008.001.08", "pain.008.001.02"] = Field(
        "pain.008.001.08", description="Message version of collections"
    )
    credit_transfer_message: Literal["pain.001.001.09", "pain.001.001.03"] = Field(
        "pain.001.001.09", description="Message version of refunds"
    )
    batch_booking: bool = Field(True, description="One booking a group on the bank statement")


class PaymentPlans(Section):
    """What a payment plan may look like."""

    minimum_total_cents: int = Field(0, ge=0, description="Smallest total of a plan, in cents")
    maximum_months: int = Field(36, gt=0, description="Longest term in months")
    approval: bool = Field(False, description="A new plan is a draft until it is approved")
    cancel_overdue_days: int = Field(
        0, ge=0, description="Days an instalment may be overdue before the plan is cancelled; 0: never"
    )
    early_payment: Literal["keep", "recalculate"] = Field(
        "keep", description="What an early payment does: keep the schedule or spread the rest evenly"
    )


class Collection(Section):
    """Collection cases."""

    flow: str = Field("standard", description="Flow offered first, of rules/collection_flows.toml")


class Integrations(Section):
    """What is switched on; each is a fact that rules may ask for."""

    collection: bool = Field(False, description="Debt collection")
    peppol: bool = Field(False, description="Peppol")
    chorus_pro: bool = Field(False, description="Chorus Pro")


class Documents(Section):
    """How documents look."""

    template: str = Field("", description="Template folder, relative to the workspace; empty: ours")
    language: str = Field("en", description="Language where neither customer nor account has one")


class Export(Section):
    """What exports hold, and the language of their titles."""

    language: Literal["en", "nl", "fr", "de"] = Field("en", description="Language of column titles")
    invoices: tuple[str, ...] = Field((), description="Columns of export.invoices; empty: ours")
    lines: tuple[str, ...] = Field((), description="Columns of export.lines; empty: ours")
    measurements: tuple[str, ...] = Field((), description="Columns of export.measurements; empty: ours")
    csv_delimiter: Literal[",", ";", "\t"] = Field(",", description="Between the values of a CSV file")


class Settings(BaseSettings):
    """All settings of a workspace."""

    model_config = SettingsConfigDict(
        env_prefix="INVOICEBATCH_", env_nested_delimiter="__", extra="forbid", frozen=True
    )
    data: str = Field("data", description="Folder of the state, relative to the workspace")
    lock_timeout: float = Field(60.0, gt=0, description="Seconds to wait for another process")
    executor: Executor = Executor()
    payment: Payment = Payment()
    payment_plans: PaymentPlans = PaymentPlans()
    collection: Collection = Collection()
    integrations: Integrations = Integrations()
    documents: Documents = Documents()
    export: Export = Export()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file; the file's content comes in as init values."""
        return env_settings, init_settings


def load_settings(root: Path) -> Settings:
    """The settings of the workspace in `root`.

    Raises:
        SettingsError: not TOML, an unknown key, or a value of the wrong form.
    """
    file = root / FILE
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return Settings(**values)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"Setting {key}: {first['msg']}", f"Look into {file} and the INVOICEBATCH_ variables."
        ) from error
