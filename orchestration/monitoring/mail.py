"""A notice as mail, by SMTP.

Enters: the settings, a notice. Leaves: why it was not sent, if so, without what the server said:
it may repeat addresses or the password. Beyond this machine nothing is sent without TLS.
"""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from orchestration.configuration import checks
from orchestration.configuration.settings import Settings, revealed
from orchestration.monitoring.notice import Notice

SECONDS = 10.0  # for each answer of the server
PORTS = {"smtp": 587, "smtps": 465}
MOST_SUBJECT = 200


def mail(settings: Settings, notice: Notice) -> str | None:
    """None: the server took it."""
    url = urlsplit(revealed(settings.alert_smtp_url) or "")
    try:
        with _connected(url) as server:
            if url.scheme == "smtp" and not checks.is_loopback(url.geturl()):
                server.starttls(context=ssl.create_default_context())
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            refused = server.send_message(_message(settings, notice))
    except smtplib.SMTPResponseException as error:
        return f"SMTP {error.smtp_code}"
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return type(error).__name__
    return f"{len(refused)} recipients are refused" if refused else None


def _connected(url: SplitResult) -> smtplib.SMTP:
    host, port = url.hostname or "", url.port or PORTS[url.scheme]
    if url.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    return smtplib.SMTP(host, port, timeout=SECONDS)


def _message(settings: Settings, notice: Notice) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = f"stripe-traits {notice.state}: {notice.text}"[:MOST_SUBJECT]
    message["From"] = settings.alert_mail_from or ""
    message["To"] = settings.alert_mail_to or ""
    said = [notice.text, *notice.lines, "", notice.remedy, notice.at]
    message.set_content("\n".join(said) + "\n")
    return message
