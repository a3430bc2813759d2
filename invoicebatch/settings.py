"""Settings of a workspace: `invoicebatch.toml` and INVOICEBATCH_* variables, typed.

A secret is never a setting: a setting names the environment variable or keyring entry it is in.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from invoicebatch.errors import SettingsError
from invoicebatch.validation import first_problem

FILE = "invoicebatch.toml"


class Section(BaseModel):
    """Base of all sections; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Executor(Section):
    """Where the writers run."""

    processes: int = Field(0, ge=0, description="Worker processes; 0: one a core")
    dask: str = Field(
        "", description="Address of a Dask scheduler (tcp://…, tls://…), or `local:4`; empty: no Dask"
    )
    dask_ca: str = Field("", description="TLS: file of the authority that signed the cluster's certificates")
    dask_certificate: str = Field("", description="TLS: file of our certificate")
    dask_key: str = Field("", description="TLS: file of its key")
    chunk_rows: PositiveInt = Field(500, description="Documents a commit; more where there are many workers")

    @property
    def dask_tls(self) -> dict[str, str]:
        """The files of TLS by the names that Dask gives them; those that are set."""
        files = {
            "tls_ca_file": self.dask_ca,
            "tls_client_cert": self.dask_certificate,
            "tls_client_key": self.dask_key,
        }
        return {name: path for name, path in files.items() if path}


class Payment(Section):
    """Terms and collection dates."""

    term_days: int = Field(14, ge=0, description="Payment term where the customer has none")
    collection_date: str = Field(
        "due date",
        description="Default collection date: `due date` (a bundle a date), a rule such as `+5 banking days`, or an ISO date",
    )
    notice_days: int = Field(
        14,
        ge=0,
        description="Days before a collection that its date and amount are told; a mandate may agree on others",
    )
    require_notice: bool = Field(False, description="Refuse collections that were not told in time")
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
    file_payments: int = Field(
        0, ge=0, description="Payments the bank takes in one file; more: several; 0: any"
    )
    instant_refunds: bool = Field(False, description="Refunds go as instant credit transfers (SCT Inst)")
    payee_check_opt_out: str = Field(
        "",
        max_length=128,
        description="What this bank reads in GrpHdr/Authstn/Prtry as: do not verify the payees of this file",
    )
    combine: Literal["none", "mandate"] = Field(
        "none", description="mandate: the invoices of one mandate and date in one debit"
    )
    recalls: bool = Field(False, description="This bank takes recalls of single payments (camt.055)")
    four_eyes: bool = Field(
        False, description="A bank file is written once another than who bundled it has released it"
    )
    old_messages: bool = Field(
        False, description="This bank still takes messages of 2009 (pain.008.001.02, pain.001.001.03)"
    )
    collect_undated_mandates: bool = Field(
        False,
        description="Collect by mandates signed more than 36 months ago of which nobody knows the last use",
    )
    tolerance_cents: int = Field(
        0, ge=0, le=10_000, description="What a payment may be short of; that much is written off, in cents"
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
    combine: Literal["none", "customer"] = Field(
        "none", description="customer: all due cases of a customer in one reminder"
    )


class Sending(Section):
    """How documents go to their customers, whichever channel they take."""

    combine: Literal["document", "customer"] = Field(
        "document", description="customer: the documents of a customer in one mail or letter"
    )


class MailServer(Section):
    """What every server of mails is reached by."""

    port: int = Field(0, ge=0, le=65535, description="Port; 0: what the security usually has")
    ca_file: str = Field(
        "", description="Certificates to trust, relative to the workspace; empty: the system's"
    )
    allow_insecure: bool = Field(
        False, description="Send the password over a connection that is not encrypted, to another machine too"
    )


class Bounces(MailServer):
    """The mailbox that mail servers report to: what did not arrive is read from it."""

    host: str = Field("", description="IMAP server; empty: no mailbox is asked")
    security: Literal["tls", "starttls", "none"] = Field("tls", description="Encryption to the server")
    user: str = Field("", description="User at the server")
    password_env: str = Field("INVOICEBATCH_BOUNCES_PASSWORD", description="Variable the password is in")
    keyring: str = Field(
        "invoicebatch-bounces", description="Keyring service it is in, where the variable is empty"
    )
    folder: str = Field("INBOX", description="Folder that is read; no mail in it is ever deleted")
    move_to: str = Field(
        "", description="Folder that reports on our mails move to; empty: they stay, as read"
    )
    timeout_seconds: float = Field(30.0, gt=0, description="Wait for the server's answer")


class Mail(MailServer):
    """How mails leave the house; without a server they go to a Maildir in the data folder."""

    transport: Literal["folder", "smtp"] = Field("folder", description="A Maildir, or a mail server")
    folder: str = Field("mail", description="The Maildir, relative to the data folder")
    host: str = Field("", description="Mail server")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="Encryption to the server")
    user: str = Field("", description="User at the server; empty: no login")
    password_env: str = Field("INVOICEBATCH_MAIL_PASSWORD", description="Variable the password is in")
    keyring: str = Field(
        "invoicebatch-mail", description="Keyring service it is in, where the variable is empty"
    )
    sender: str = Field("", description="Sender where a company account has none")
    redirect_to: str = Field("", description="Test mode: every mail goes to this one address")
    connections: int = Field(2, ge=1, le=32, description="Connections side by side")
    per_minute: int = Field(0, ge=0, description="Mails a minute; 0: no limit")
    domain_per_minute: int = Field(0, ge=0, description="Mails a minute to one domain; 0: no limit")
    attempts: PositiveInt = Field(5, description="Attempts a mail within a run")
    wait_seconds: float = Field(5.0, ge=0, description="Wait before the second attempt; doubled each time")
    timeout_seconds: float = Field(60.0, gt=0, description="Wait for the server's answer")
    max_megabytes: float = Field(10.0, gt=0, description="Largest mail, attachments encoded")
    attach_ubl: bool = Field(False, description="Attach the UBL document too")
    merge_above: int = Field(
        0,
        ge=0,
        description="Documents of one mail above which they are attached as one merged PDF (without what"
        " a document embeds, such as Factur-X data); 0: never",
    )
    bounces: Bounces = Bounces()

    @property
    def note(self) -> str:
        """What a person should know before mails go out; empty: nothing."""
        if self.redirect_to:
            return f"every mail goes to {self.redirect_to} ([mail] redirect_to)"
        if self.transport == "folder":
            return f"no mail server is set up: mails are put into the folder {self.folder} of the state, and nobody gets them ([mail] transport)"
        return ""


class Post(Section):
    """Print and post: a folder a print house collects from, or Pingen's API."""

    provider: Literal["folder", "pingen"] = Field("folder", description="Who prints and posts")
    folder: str = Field("post", description="Hot folder, absolute or relative to the data folder")
    index: Literal["csv", "json"] = Field("csv", description="Form of the index beside the documents")
    merge: bool = Field(False, description="One PDF a weight class instead of one a letter")
    batch_letters: PositiveInt = Field(200, description="Letters a batch in the hot folder")
    window: Literal["left", "right"] = Field("left", description="Side of the envelope's window")
    duplex: bool = Field(True, description="Print both sides")
    color: bool = Field(False, description="Print in colour")
    product: str = Field(
        "cheap", description="Delivery product: cheap, fast, bulk or the provider's own name"
    )
    costs: dict[str, int] = Field(
        default_factory=dict,
        description="What a letter costs, in cents, by weight class: 20g, 50g, 100g, 350g, over; empty: not shown",
    )
    countries: tuple[str, ...] = Field((), description="ISO codes letters may go to; empty: everywhere")
    organisation: str = Field("", description="Organisation id at Pingen")
    api_url: str = Field("https://api.pingen.com", description="Pingen's API")
    token_url: str = Field(
        "https://identity.pingen.com/auth/access-tokens", description="Where Pingen's tokens are given"
    )
    client_id_env: str = Field("INVOICEBATCH_PINGEN_ID", description="Variable of the client id")
    client_secret_env: str = Field("INVOICEBATCH_PINGEN_SECRET", description="Variable of the client secret")
    timeout_seconds: float = Field(60.0, gt=0, description="Wait for the provider's answer")
    allow_insecure: bool = Field(
        False, description="Send keys and documents over plain http, to another machine too"
    )


class External(Section):
    """One external system that invoices are exported to."""

    kind: Literal["files", "database", "http"] = Field(description="What it is")
    url: str = Field("", description="fsspec URL of a folder, SQLAlchemy URL, or http(s) URL")
    url_env: str = Field("", description="Variable the URL is in, where it holds a password")
    format: Literal["parquet", "csv", "jsonl"] = Field("parquet", description="Form of the files")
    body: Literal["json", "ubl"] = Field("json", description="What an http target is sent")
    table: str = Field("invoices", description="Table of a database, such as billing.invoices")
    columns: dict[str, str] = Field(
        default_factory=dict, description="Column there = overview column here; empty: a standard set"
    )
    lines: bool = Field(False, description="Send the lines with each invoice (http json and jsonl)")
    where: str = Field(
        "", description="Only invoices that this condition holds for, written as in rules: total > 100"
    )
    secret_env: str = Field("", description="Variable of the HMAC key of an http target")
    token_env: str = Field("", description="Variable of the bearer token of an http target")
    connections: int = Field(2, ge=1, le=32, description="Requests side by side")
    attempts: PositiveInt = Field(4, description="Attempts within a run")
    wait_seconds: float = Field(2.0, ge=0, description="Wait before the second attempt; doubled each time")
    timeout_seconds: float = Field(30.0, gt=0, description="Wait for the answer")


class France(Section):
    """What a French seller says on every invoice to a business (XP Z12-012)."""

    sells: Literal["B", "S", "M"] = Field("B", description="B: goods (energy is one), S: services, M: both")
    recovery_costs: str = Field(
        "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 €",
        description="Note PMT: costs of recovery",
    )
    late_payment: str = Field(
        "En cas de retard de paiement, pénalités au taux de trois fois le taux d'intérêt légal",
        description="Note PMD: what late payment costs",
    )
    discount: str = Field(
        "Pas d'escompte pour paiement anticipé", description="Note AAB: discount for early payment"
    )


class EInvoice(Section):
    """Electronic invoices: their profile, how they are checked, and the networks they go through."""

    profile: Literal["auto", "peppol", "en16931", "xrechnung", "france", "ubl.be"] = Field(
        "auto",
        description="Peppol BIS Billing 3 or plain EN 16931; auto: Peppol, but EN 16931 for private persons"
        " without an electronic address",
    )
    profiles: dict[str, Literal["peppol", "en16931", "xrechnung", "france", "ubl.be"]] = Field(
        {"FR": "france"},
        description="Profile by the country of a business that buys, where profile is auto or peppol; france holds for"
        " French sellers since September 2026. A Leitweg-ID (scheme 0204) always gets xrechnung",
    )
    france: France = France()
    embed_pdf: bool = Field(
        False, description="Put the stored PDF into each electronic invoice as supporting document (BG-24)"
    )
    duty: Literal["warn", "refuse"] = Field(
        "warn",
        description="What mail and post do with rows that must get an e-invoice by law (rules/einvoice/duty.toml)",
    )
    schematron: tuple[str, ...] = Field(
        (), description="Further schematrons (XSLT), absolute or relative to the workspace, such as Peppol's"
    )
    schematrons: dict[str, str] = Field(
        default_factory=dict,
        description="Paths of the official schematrons that no package ships, by rule set, such as"
        ' "peppol-3.0.21"; `invoicebatch rules einvoice` lists them',
    )
    access_point: Literal["api", "folder"] = Field("api", description="How Peppol is reached")
    api_url: str = Field("https://api.storecove.com/api/v2", description="The access point's API")
    api_key_env: str = Field("INVOICEBATCH_ACCESS_POINT_KEY", description="Variable of its key")
    keyring: str = Field(
        "invoicebatch-access-point", description="Keyring service it is in, where the variable is empty"
    )
    legal_entities: dict[str, int] = Field(
        default_factory=dict, description="The access point's legal entity id by company account"
    )
    look_up: bool = Field(True, description="Ask whether the receiver takes documents, before sending")
    folder: str = Field("einvoice", description="Hot folder, absolute or relative to the data folder")
    chorus_format: Literal["ubl", "facturx"] = Field(
        "ubl",
        description="What Chorus Pro is sent: UBL, or the stored PDF with its Factur-X data ([documents] facturx)",
    )
    chorus_url: str = Field("https://api.piste.gouv.fr", description="Chorus Pro's API at PISTE")
    chorus_token_url: str = Field(
        "https://oauth.piste.gouv.fr/api/oauth/token", description="Where PISTE's tokens are given"
    )
    chorus_client_id_env: str = Field("INVOICEBATCH_PISTE_ID", description="Variable of the client id")
    chorus_client_secret_env: str = Field(
        "INVOICEBATCH_PISTE_SECRET", description="Variable of the client secret"
    )
    chorus_login_env: str = Field(
        "INVOICEBATCH_CHORUS_LOGIN", description="Variable of the technical account"
    )
    chorus_password_env: str = Field(
        "INVOICEBATCH_CHORUS_PASSWORD", description="Variable of the technical account's password"
    )
    connections: int = Field(2, ge=1, le=32, description="Requests side by side")
    per_minute: int = Field(0, ge=0, description="Documents a minute; 0: no limit")
    attempts: PositiveInt = Field(5, description="Attempts a document within a run")
    wait_seconds: float = Field(2.0, ge=0, description="Wait before the second attempt; doubled each time")
    timeout_seconds: float = Field(60.0, gt=0, description="Wait for the network's answer")
    allow_insecure: bool = Field(
        False, description="Send keys and documents over plain http, to another machine too"
    )


class Worker(Section):
    """Background runs."""

    poll_seconds: float = Field(2.0, gt=0, description="Wait between looks at the queue")
    background_rows: int = Field(
        5000, ge=0, description="Rows from which an export offers the background; 0: never"
    )
    notify: str = Field("", description="Address told when a background run ends; empty: nobody")


class Retention(Section):
    """How long issued documents are kept."""

    years: int = Field(
        10, ge=1, le=100, description="Where rules/retention.toml has no line for the seller's country"
    )


class Integrations(Section):
    """What is switched on; each is a fact that rules may ask for."""

    collection: bool = Field(False, description="Debt collection")
    peppol: bool = Field(False, description="Peppol")
    chorus_pro: bool = Field(False, description="Chorus Pro")


class Documents(Section):
    """How documents look."""

    template: str = Field("", description="Template folder, relative to the workspace; empty: ours")
    language: str = Field("en", description="Language where neither customer nor account has one")
    facturx: bool = Field(
        False, description="Embed the invoice as Factur-X / ZUGFeRD data (EN 16931) in its PDF"
    )


class Export(Section):
    """What exports hold, and the language of their titles."""

    language: Literal["en", "nl", "fr", "de"] = Field("en", description="Language of column titles")
    invoices: tuple[str, ...] = Field((), description="Columns of export.invoices; empty: ours")
    lines: tuple[str, ...] = Field((), description="Columns of export.lines; empty: ours")
    measurements: tuple[str, ...] = Field((), description="Columns of export.measurements; empty: ours")
    csv_delimiter: Literal[",", ";", "\t"] = Field(",", description="Between the values of a CSV file")
    csv_decimal: Literal[".", ","] = Field(".", description="Decimal mark in a CSV file; not the delimiter")

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.csv_decimal == self.csv_delimiter:
            raise ValueError("csv_decimal is the delimiter too; take csv_delimiter = ';'")
        return self


_PREFIX: Final = "INVOICEBATCH_"
"""Before the name of a setting in the environment."""

_TORN_PATH: Final = re.compile(r"[A-Za-z]:[^\x00-\x1f]*[\x00-\x1f]")
_BACKSLASHES: Final = (
    "A path of Windows stands in single quotes, 'C:\\billing', or with slashes, \"C:/billing\"."
)

SWITCHES: Final = (*Integrations.model_fields, "collect_undated_mandates", "four_eyes")


class Settings(Section):
    """All settings of a workspace."""

    data: str = Field("data", description="Folder of the state, relative to the workspace")
    shared_with_group: bool = Field(
        False, description="Whether the user's group may read and change what is made; else the user alone"
    )
    lock_timeout: float = Field(60.0, gt=0, description="Seconds to wait for another process")
    executor: Executor = Executor()
    einvoice: EInvoice = EInvoice()
    payment: Payment = Payment()
    payment_plans: PaymentPlans = PaymentPlans()
    collection: Collection = Collection()
    sending: Sending = Sending()
    mail: Mail = Mail()
    post: Post = Post()
    external: dict[str, External] = Field(default_factory=dict, description="External systems by name")
    worker: Worker = Worker()
    retention: Retention = Retention()
    integrations: Integrations = Integrations()
    documents: Documents = Documents()
    export: Export = Export()

    @property
    def umask(self) -> int:
        """Rights that files and folders made for the workspace never have."""
        return 0o007 if self.shared_with_group else 0o077

    @property
    def switches(self) -> dict[str, bool]:
        """What rules may ask of the workspace: `SWITCHES`, on or off."""
        asked = {name: getattr(self.payment, name) for name in ("collect_undated_mandates", "four_eyes")}
        return {**self.integrations.model_dump(), **asked}


def _from_environment() -> dict[str, Any]:
    """What INVOICEBATCH_* variables say; the library that reads them is imported where there are any."""
    said = {name.upper().removeprefix(_PREFIX).partition("__")[0].lower() for name in os.environ}
    if said.isdisjoint(Settings.model_fields):
        return {}
    from pydantic_settings import EnvSettingsSource
    from pydantic_settings.exceptions import SettingsError as UnreadableError

    settings: Any = Settings
    try:
        return EnvSettingsSource(settings, env_prefix=_PREFIX, env_nested_delimiter="__")()
    except UnreadableError as error:
        of = next(iter(re.findall(r'field "(\w+)"', str(error))), "")
        raise SettingsError(
            f"A variable INVOICEBATCH_{of.upper()}… can't be read.",
            """A list or a table is written as JSON there: INVOICEBATCH_EINVOICE__SCHEMATRON='["own.xslt"]'.""",
        ) from error


def _over(file: dict[str, Any], environment: dict[str, Any]) -> dict[str, Any]:
    """The values of the file, with those of the environment over them, key by key."""
    inner = {
        key: _over(file[key], value)
        for key, value in environment.items()
        if isinstance(value, dict) and isinstance(file.get(key), dict)
    }
    return {**file, **environment, **inner}


def _refuse_torn_paths(values: Mapping[str, Any]) -> None:
    """A path of Windows in double quotes, in which TOML has read the letter after a backslash as a sign of its own."""
    for name, value in values.items():
        if isinstance(value, dict):
            _refuse_torn_paths(value)
        elif isinstance(value, str) and _TORN_PATH.match(value):
            raise SettingsError(f"Setting {name}: {value!r} is no path.", _BACKSLASHES)


def load_settings(root: Path) -> Settings:
    """The settings of the workspace in `root`.

    Raises:
        SettingsError: not TOML, an unknown key, or a value of the wrong form.
    """
    file = root / FILE
    try:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        values = tomllib.loads(text)
        _refuse_torn_paths(values)
        return Settings(**_over(values, _from_environment()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        backslash = isinstance(error, tomllib.TOMLDecodeError) and "\\" in text
        raise SettingsError(
            f"{file} is not valid TOML: {error}", _BACKSLASHES if backslash else ""
        ) from error
    except ValidationError as error:
        key, problem = first_problem(error)
        hint = f"Look into {file} and the INVOICEBATCH_ variables."
        raise SettingsError(f"Setting {key}: {problem}", hint) from error
