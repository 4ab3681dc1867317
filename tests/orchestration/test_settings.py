"""The settings: complete complaints, no secret in them, and an .env.example that is true."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from ingestion.engines.iceberg.lake import Lake
from ingestion.engines.iceberg.rest_lake import RestLake
from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.configuration.secrets_in_settings import secrets
from orchestration.configuration.settings import Settings
from orchestration.stripe_accounts import connections
from orchestration.warehouse.warehouse_kinds import OnSpark

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def complaints() -> list[str]:
    with pytest.raises(WrongSettings) as raised:
        read_settings()
    return str(raised.value).splitlines()


def test_env_example_names_every_setting_with_its_default() -> None:
    named = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert set(named) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            assert named[name.upper()].lower() == str(field.default).lower(), name


def test_missing_key_is_one_line_with_the_remedy() -> None:
    assert complaints() == [
        "STRIPE_API_KEY is not set: set it to a secret or restricted key of your Stripe account"
        " (or STRIPE_API_BASE to a local sandbox)"
    ]


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MRR_DISCOUNT_DURATIONS", "sometimes")
    monkeypatch.setenv("MULTIPLE_SUBSCRIPTIONS", "perhaps")
    monkeypatch.setenv("STRIPE_CONCURRENCY", "0")
    lines = complaints()
    assert [line.split(":")[0] for line in lines] == [
        "STRIPE_CONCURRENCY",
        "MULTIPLE_SUBSCRIPTIONS",
        "MRR_DISCOUNT_DURATIONS",
    ]
    assert all(".env.example" in line for line in lines)


def test_wrong_urls_are_named_without_their_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNT_STORE_URL", "mysql://user:secret-password@host/database")
    monkeypatch.setenv("WAREHOUSE_URL", "snowflake://x")
    text = "\n".join(complaints())
    assert "ACCOUNT_STORE_URL" in text
    assert "WAREHOUSE_URL" in text
    assert "secret-password" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_API_BASE", "http://[::1"),
        ("STRIPE_API_BASE", "http://127.0.0.1:99999x"),
        ("STRIPE_API_BASE", "https://"),
        ("STRIPE_API_BASE", "https://api.stripe.com/v1"),
        ("WAREHOUSE_URL", "duckdb://x.duckdb"),
        ("WAREHOUSE_URL", "duckdb:///"),
        ("WAREHOUSE_URL", "duckdb:///no/such/folder/x.duckdb"),
        ("WAREHOUSE_URL", "duckdb:///stripe.duckdb"),
        ("WAREHOUSE_URL", "spark://127.0.0.1?catalog=postgresql://u:p@h/d&warehouse=/lake"),
        ("WAREHOUSE_URL", "spark://127.0.0.1:10000?warehouse=/lake"),
        ("WAREHOUSE_URL", "spark://127.0.0.1:10000?catalog=mysql://u:p@h/d&warehouse=/lake"),
        ("WAREHOUSE_URL", "spark://127.0.0.1:10000?catalog=postgresql://u:p@h/d&warehouse=lake"),
        ("WAREHOUSE_URL", "spark://127.0.0.1:port?catalog=postgresql://u:p@h/d&warehouse=/lake"),
        ("WAREHOUSE_URL", "ducklake://?catalog=postgresql://u:p@h/d"),
        ("WAREHOUSE_URL", "ducklake://?catalog=postgresql://u:p@h/d&warehouse=s3://bucket"),
        ("DATA_DIR", "o'brien"),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_a,"),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_a, sk_test_b"),
        ("STRIPE_WEBHOOK_TOLERANCE_SECONDS", "0"),
        ("NIGHTLY_SCHEDULE", "every day"),
        ("SCHEDULE_TIME_ZONE", "Mars/Phobos"),
        ("SCHEDULE_TIME_ZONE", "Europe"),
        ("SCHEDULE_TIME_ZONE", "../UTC"),
    ],
)
def test_wrong_value_is_one_line_that_begins_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_12345678")
    monkeypatch.setenv(name, value)
    (line,) = complaints()
    assert line.startswith(name)


@pytest.mark.parametrize("key", ["pk_live_1234567890", "hunter2-hunter2", "sk_test_secret\r"])
def test_key_of_the_wrong_kind_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", key)
    text = "\n".join(complaints())
    assert "STRIPE_API_KEY is no secret or restricted key" in text
    assert key not in text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_sandbox_key_is_assumed_on_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("STRIPE_API_BASE", f"http://{host}:12111")
    assert read_settings().api_key == "sk_test_sandbox"
    monkeypatch.setenv("STRIPE_API_BASE", "https://stripe.example.com")
    assert "STRIPE_API_KEY is not set" in complaints()[0]


def test_live_key_never_goes_over_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_BASE", "http://stripe.example.com")
    monkeypatch.setenv("STRIPE_API_KEY", "sk_live_1234567890")
    assert complaints() == ["STRIPE_API_BASE is plain http and the key is live: use https"]


@pytest.mark.parametrize(("key", "rate"), [("rk_live_12345678", 20), ("sk_test_12345678", 10)])
def test_request_rate_follows_the_kind_of_key(
    monkeypatch: pytest.MonkeyPatch, key: str, rate: float
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", key)
    assert read_settings().request_rate == rate


def test_secrets_are_not_in_the_settings_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_verysecret")
    monkeypatch.setenv("ACCOUNT_STORE_URL", "postgresql://u:verysecret@h/d")
    settings = read_settings()
    assert "verysecret" not in repr(settings) + str(settings)
    assert isinstance(settings.stripe_api_key, SecretStr)


def test_a_data_folder_that_cannot_be_made_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "data", tmp_path / "file"):
        monkeypatch.setenv("DATA_DIR", str(folder))
        [line] = complaints()
        assert (
            line == f"DATA_DIR {folder} cannot be made below {tmp_path}/file: name another folder"
        )


def test_data_folder_is_private() -> None:
    settings = read_settings(for_stripe=False)
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700


def test_webhook_secrets_name_their_account_and_stay_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_12345678")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", "whsec_a, acct_2:whsec_b")
    settings = read_settings()
    assert settings.webhook_secrets == [(None, "whsec_a"), ("acct_2", "whsec_b")]
    assert "whsec" not in repr(settings)


def test_a_store_behind_http_needs_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNT_STORE_URL", "https://example.com/hook/verysecret")
    text = "\n".join(complaints())
    assert "ACCOUNT_STORE_SECRET is not set" in text
    assert "verysecret" not in text
    monkeypatch.setenv("ACCOUNT_STORE_SECRET", "verysecret")
    monkeypatch.setenv("ACCOUNT_STORE_REQUESTS_PER_MINUTE", "90")
    target = read_settings(for_stripe=False).target
    assert (target.secret, target.requests_per_minute) == ("verysecret", 90)
    assert "verysecret" not in repr(target)


def test_several_keys_and_connected_accounts_are_read_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_a, acct_2:rk_test_b")
    monkeypatch.setenv("STRIPE_CONNECTED_ACCOUNTS", "acct_3, acct_4")
    found = connections(read_settings())
    assert [(c.api_key, c.stripe_account_id, c.connected) for c in found] == [
        ("rk_test_a", None, False),
        ("rk_test_b", "acct_2", False),
        ("rk_test_a", "acct_3", True),
        ("rk_test_a", "acct_4", True),
    ]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("sk_test_a,sk_live_b", "mixes live and test keys"),
        ("sk_test_a,sk_test_a", "holds a key twice"),
        ("sk_test_a,,sk_test_b", "STRIPE_API_KEY is not set"),
        ("other:sk_test_a", "id begins with acct_"),
        ("sk_test_a,pk_test_b", "is no secret or restricted key"),
    ],
)
def test_keys_that_do_not_go_together_are_refused_without_showing_them(
    monkeypatch: pytest.MonkeyPatch, keys: str, said: str
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", keys)
    (line,) = complaints()
    assert said in line
    assert not any(key and key in line for key in keys.split(","))


def test_spark_is_named_with_its_catalog_and_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = "postgresql://lake:hidden_word@db:5432/catalog"
    monkeypatch.setenv("WAREHOUSE_URL", f"spark://spark:10000?catalog={catalog}&warehouse=/lake/")
    settings = read_settings(for_stripe=False)
    there = settings.site
    assert isinstance(there, OnSpark)
    assert (there.host, there.port) == ("spark", 10000)
    assert there.place == Lake(catalog, "file:///lake")
    assert settings.warehouse == settings.data_dir / "warehouse.duckdb"
    assert "hidden_word" in secrets(settings)
    assert "hidden_word" not in f"{settings!r} {there!r} {there.place!r}"


def test_a_rest_catalog_is_named_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICEBERG_CREDENTIAL", "loader:hidden_word")
    options = "warehouse=main&scope=PRINCIPAL_ROLE:ALL&s3.region=eu-west-1"
    monkeypatch.setenv("WAREHOUSE_URL", f"iceberg://lake.example/api/catalog/?{options}")
    settings = read_settings(for_stripe=False)
    place = settings.site.place
    assert isinstance(place, RestLake)
    assert place.place == "https://lake.example/api/catalog main"
    assert dict(place.options) == {"scope": "PRINCIPAL_ROLE:ALL", "s3.region": "eu-west-1"}
    assert {"loader:hidden_word", "hidden_word"} <= set(secrets(settings))
    assert "hidden_word" not in f"{settings!r} {settings.site!r} {place!r}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("iceberg://lake.example/catalog", "has no warehouse=NAME"),
        ("iceberg+http://lake:hidden_word@db?warehouse=main", "or a name before it"),
        ("iceberg://lake.example?warehouse=main&token=hidden_word", "has no use for token"),
        ("iceberg://?warehouse=main", "has no HOST"),
        ("iceberg://lake.example:99999999?warehouse=main", "is no address"),
    ],
)
def test_a_wrong_address_of_a_catalog_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", url)
    with pytest.raises(WrongSettings) as caught:
        read_settings(for_stripe=False)
    assert said in str(caught.value)
    assert "hidden_word" not in str(caught.value)


def test_ducklake_without_its_packages_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalog = "postgresql://lake:hidden_word@db/catalog"
    monkeypatch.setenv("WAREHOUSE_URL", f"ducklake://?catalog={catalog}&warehouse=/lake")
    with pytest.raises(WrongSettings) as caught:
        read_settings(for_stripe=False)
    assert "make setup-ducklake" in str(caught.value)
    assert "hidden_word" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("STRIPE_CONCURENCY", "STRIPE_CONCURRENCY"),
        ("GUARD_CHURN", "GUARD_CHURNS"),
        ("STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRETS"),
        ("ACCOUNT_STORE_URI", "ACCOUNT_STORE_URL"),
    ],
)
def test_a_name_near_a_setting_is_named_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, nearest: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "5")
    with pytest.raises(WrongSettings, match=f"{name} is no setting: did you mean {nearest}"):
        read_settings(for_stripe=False)
    monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"{name}=5\n")
    with pytest.raises(WrongSettings, match=f"did you mean {nearest}"):
        read_settings(for_stripe=False)


def test_names_of_other_programs_and_of_dbt_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("STRIPE_SECRET_KEY", "STRIPE_CLI_TELEMETRY_OPTOUT", "WAREHOUSE_PATH", "LIVE_URL"):
        monkeypatch.setenv(name, "x")
    read_settings(for_stripe=False)
    (tmp_path / ".env").write_text("GUARD_DOGS=7\n")
    with pytest.raises(WrongSettings, match=r"GUARD_DOGS in \.env is no setting"):
        read_settings(for_stripe=False)


def test_a_wrong_limit_is_said_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GUARD_CHURNS", "lots")
    with pytest.raises(WrongSettings) as raised:
        read_settings(for_stripe=False)
    assert str(raised.value).startswith("GUARD_CHURNS: ")
    assert "Value error" not in str(raised.value)


def test_a_blank_value_means_the_default_of_every_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = read_settings(for_stripe=False)
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "  ")
    assert read_settings(for_stripe=False) == plain
