"""The settings: what each one is, its default, and what follows from several together.

Enters: environment variables and `.env`, as `.env.example` explains them. Leaves: one frozen
`Settings`. Not here: who reads them, and how a wrong one is told (`environment`).
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)

from orchestration.configuration import checks
from orchestration.configuration.data_folder import WAREHOUSE, DataFolder
from orchestration.configuration.named_files import NamedFiles, schedule_problems
from orchestration.configuration.stores.further_store import FurtherStore
from orchestration.warehouse import url
from orchestration.warehouse.warehouse_kinds import InFile, warehouse
from reverse_sync.guards import GUARDS, Guards, parse_limit
from reverse_sync.stores.target import Target
from reverse_sync.values.store_rules import EVERYTHING, StoreRules

STRIPE = "https://api.stripe.com"
SANDBOX_KEY = "sk_test_sandbox"


def _off_is_none(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "off" else value


Off = BeforeValidator(_off_is_none)
Rate = Annotated[float, Field(gt=0, le=100)]
PerMinute = Annotated[float, Field(gt=0, le=100_000)]
Guard = Annotated[str, AfterValidator(checks.limit)]
Hours = Annotated[Decimal, Field(gt=0, le=10_000)]
Currency = Annotated[str, Field(pattern="^[a-zA-Z]{3}$")]


class Settings(NamedFiles):
    """All settings; the field names in upper case are the environment's."""

    stripe_api_key: SecretStr | None = None
    stripe_connected_accounts: str | None = None
    stripe_api_base: str = STRIPE
    stripe_api_version: str = "2026-10-28.endive"
    stripe_requests_per_second: Rate | None = None
    stripe_concurrency: Annotated[int, Field(ge=1, le=100)] = 20
    stripe_webhook_secrets: SecretStr | None = None
    stripe_webhook_tolerance_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    stripe_gone_limit_percent: Annotated[float, Field(ge=0, le=100)] = 5
    log_format: Literal["text", "json"] = "text"
    metrics_token: SecretStr | None = None
    data_dir: Path = Path("data")
    warehouse_url: SecretStr | None = None
    iceberg_credential: SecretStr | None = None
    account_store_url: SecretStr | None = None
    account_store_secret: SecretStr | None = None
    account_store_requests_per_minute: PerMinute | None = None
    account_store_accounts_per_request: Annotated[int, Field(ge=1, le=100)] = 1
    account_id_metadata_key: str | None = None
    multiple_subscriptions: bool = False
    reporting_currency: Currency | None = None
    mrr_discount_durations: Literal["forever", "repeating", "all"] = "forever"
    mrr_pause_collection: Literal["keep", "zero"] = "keep"
    report_token: SecretStr | None = None
    segments_trait: bool = False
    live: bool = False
    live_poll_seconds: Annotated[float, Field(ge=0.5)] = 5
    live_run_minutes: Annotated[float, Field(gt=0)] = 60
    dagster_postgres_url: SecretStr | None = None
    run_history_days: Annotated[int, Field(ge=1)] = 30
    freshness_hours: Annotated[float, Field(gt=0)] = 26
    alert_webhook_url: SecretStr | None = None
    alert_webhook_form: Literal["json", "slack"] = "json"
    alert_command: str | None = None
    alert_smtp_url: SecretStr | None = None
    alert_mail_from: str | None = None
    alert_mail_to: str | None = None
    guard_creates: Guard = "50%"
    guard_updates: Guard = "75%"
    guard_deletes: Guard = "10%"
    guard_churns: Guard = "10%"
    guard_mrr_drop: Guard = "20%"
    guard_unknown_mrr: Guard = "10%"
    guard_nulls: Guard = "20%"
    guard_baseline: Annotated[int, Field(ge=1)] = 100
    guard_approval: Annotated[str | None, AfterValidator(checks.guard_names)] = None
    guard_max_age_hours: Annotated[Hours | None, Off] = Decimal(48)

    @model_validator(mode="after")
    def _check(self) -> Self:
        problems = [
            *schedule_problems(self),
            *checks.named_file(self.alerts_file, "ALERTS_FILE", self.model_fields_set),
            *checks.named_file(self.stores_file, "STORES_FILE", self.model_fields_set),
            *checks.named_file(self.traits_dir, "TRAITS_DIR", self.model_fields_set),
            *checks.connected_accounts(self.stripe_connected_accounts),
            *checks.api_base(self.stripe_api_base),
            *checks.data_dir(self.data_dir),
            *url.problems(revealed(self.warehouse_url)),
            *checks.account_store_url(revealed(self.account_store_url)),
            *checks.mail(revealed(self.alert_smtp_url), self.alert_mail_from, self.alert_mail_to),
            *checks.dagster_postgres_url(revealed(self.dagster_postgres_url)),
            *checks.webhook_secrets(revealed(self.stripe_webhook_secrets)),
            *checks.account_store_secret(
                revealed(self.account_store_url), revealed(self.account_store_secret)
            ),
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    _store: FurtherStore | None = PrivateAttr(default=None)
    _shared_plans: Path | None = PrivateAttr(default=None)

    def for_store(self, store: FurtherStore) -> Self:
        """The same, with that account store in the place of ACCOUNT_STORE_URL's."""
        made = self.model_copy()
        made._store = store
        return made

    def sharing_plans(self, folder: Path | None) -> Self:
        """The same, for one of several stores that are brought at the same time."""
        made = self.model_copy()
        made._shared_plans = folder
        return made

    @property
    def shared_plans(self) -> Path | None:
        """Where they share what is decided of accounts; None: nobody else is brought now."""
        return self._shared_plans

    @property
    def store_name(self) -> str | None:
        """None: the store of ACCOUNT_STORE_URL."""
        return self._store.name if self._store else None

    @property
    def store_rules(self) -> StoreRules:
        """Which accounts and traits the account store gets."""
        return self._store.definition.rules if self._store else EVERYTHING

    @property
    def on_loopback(self) -> bool:
        return checks.is_loopback(self.stripe_api_base)

    @property
    def api_key(self) -> str:
        """The first key; the sandbox's is assumed on loopback addresses alone."""
        return self.api_keys[0][1] if self.api_keys else ""

    @property
    def api_keys(self) -> list[tuple[str | None, str]]:
        """The keys, each with the Stripe account that the setting says it is of."""
        given = revealed(self.stripe_api_key) or (SANDBOX_KEY if self.on_loopback else "")
        return [checks.named(part) for part in given.split(",")] if given else []

    @property
    def connected_accounts(self) -> list[str]:
        """Stripe accounts that are read with the first key."""
        given = self.stripe_connected_accounts or ""
        return [part.strip() for part in given.split(",") if part.strip()]

    @property
    def webhook_secrets(self) -> list[tuple[str | None, str]]:
        """Signing secrets, each with the Stripe account that it is of (None: the first key's)."""
        given = revealed(self.stripe_webhook_secrets)
        return [checks.named(part) for part in given.split(",")] if given else []

    @property
    def is_live(self) -> bool:
        return "_live_" in self.api_key

    @property
    def key_advice(self) -> str | None:
        """What speaks against a key. Of a restricted one Stripe does not tell what it may write."""
        if not any(key.startswith("sk_live_") for _, key in self.api_keys):
            return None
        return (
            "STRIPE_API_KEY is a live secret key, which may change everything at Stripe: a"
            " restricted key that may only read is enough, and safer"
        )

    @property
    def request_rate(self) -> float | None:
        """Requests a second for one endpoint: well below Stripe's limits; none on loopback."""
        if self.stripe_requests_per_second or self.on_loopback:
            return self.stripe_requests_per_second
        return 20 if self.is_live else 10

    @property
    def site(self) -> InFile:
        """The warehouse, and what is done otherwise by where it is."""
        return warehouse(
            revealed(self.warehouse_url),
            self.data_dir / WAREHOUSE,
            credential=revealed(self.iceberg_credential),
        )

    @property
    def folder(self) -> DataFolder:
        """The files of this machine. Beside a lake, its warehouse holds what was built and sent."""
        return DataFolder(self.data_dir, warehouse=self.site.file, store=self.store_name)

    @property
    def warehouse(self) -> Path:
        return self.folder.warehouse

    @property
    def marts(self) -> Path:
        return self.folder.marts

    @property
    def store_url(self) -> str:
        """Where the account store is; may hold a password."""
        if self._store:
            return self._store.url
        return revealed(self.account_store_url) or f"sqlite:///{self.folder.accounts}"

    @property
    def guards(self) -> Guards:
        """How much one run may change before a person has to look."""
        given = self._store.definition.guards if self._store else {}
        return Guards(
            limits={
                name: parse_limit(given.get(name) or getattr(self, f"guard_{name}"))
                for name in GUARDS
            },
            baseline=self.guard_baseline,
            max_age_hours=self.guard_max_age_hours,
            approval=frozenset(checks.listed(self.guard_approval)),
            store=self.store_name,
        )

    @property
    def target(self) -> Target:
        """The account store with all that it takes to open it."""
        if self._store:
            return self._store.target(self.folder.sync)
        return Target(
            url=self.store_url,
            secret=revealed(self.account_store_secret),
            folder=self.data_dir,
            requests_per_minute=self.account_store_requests_per_minute,
            accounts_per_request=self.account_store_accounts_per_request,
        )


def revealed(value: SecretStr | None) -> str | None:
    """What a secret setting says; None: it is not set."""
    return value.get_secret_value() if value else None
