"""The secrets among the settings: what no log, exception or page may tell.

Enters: the settings. Leaves: each secret, in the forms that are used. Not here: who hides them.
"""

from pydantic import SecretStr

from orchestration.configuration.settings import SANDBOX_KEY, Settings, revealed
from orchestration.configuration.url_secrets import url_secrets

SHORTEST_SECRET = 5  # a part of a setting that is shorter is no secret, but a word


def parts(settings: Settings) -> list[str]:
    """The secrets in the settings, without the addresses round them, which may be shown."""
    held = [secret for _, secret in (*settings.api_keys, *settings.webhook_secrets)]
    held = [one for one in held if one != SANDBOX_KEY] + list(settings.site.secrets)
    held.append(revealed(settings.account_store_secret) or "")
    urls = [settings.store_url, *map(_given, (settings.alert_webhook_url, settings.alert_smtp_url))]
    return held + [secret for address in urls for secret in url_secrets(address)]


def _given(value: SecretStr | None) -> str:
    return revealed(value) or ""


def secrets(settings: Settings) -> list[str]:
    """The values that nothing may tell, whole and in the parts that are used."""
    names = Settings.model_fields.keys() - {"warehouse_url"}  # a place, but for its catalog's
    values = [getattr(settings, name) for name in sorted(names)]
    held = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    held += settings.site.secrets
    parts = [part.rpartition(":")[2].strip() for whole in held for part in whole.split(",")]
    return [*held, *(part for part in parts if len(part) > SHORTEST_SECRET)]
