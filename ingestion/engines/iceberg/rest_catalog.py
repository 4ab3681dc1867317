"""The client of a REST catalog: it waits for an answer as long as that may take, no longer.

Enters: where the catalog is, and its credential. Leaves: pyiceberg's client.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cache, partial
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.typedef import Identifier
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

CATALOG = "lake"
SIGNED_FOR, GLUE = "rest.signing-name", "glue"
SECONDS = (10, 60)  # to connect, to answer
EXACT = 5.0  # seconds: an answer tells whole ones, and takes its time
READ_AGAIN = Retry(
    total=7,
    backoff_factor=0.2,
    backoff_max=10,
    allowed_methods={"GET", "HEAD"},  # a commit is made again by who knows what it was
    status_forcelist={502, 503, 504},
)


@cache
def rest_catalog(
    uri: str, warehouse: str, options: tuple[tuple[str, str], ...], credential: str | None
) -> "PatientCatalog":
    known = {"oauth2-server-uri": f"{uri}/v1/oauth/tokens"} | dict(options)
    if credential:
        known["credential" if ":" in credential else "token"] = credential
    return PatientCatalog(CATALOG, uri=uri, warehouse=warehouse, **known)


class PatientCatalog(RestCatalog):
    """Waits for an answer as long as it may take, and no longer. `ahead`: seconds by which the
    catalog's clock is ahead of this machine's."""

    ahead = 0.0

    def create_table(
        self,
        identifier: str | Identifier,
        schema: Schema | pa.Schema,
        location: str | None = None,
        *arguments: Any,
        **options: Any,
    ) -> Table:
        """Glue is to be told where: below the place of the database, as by its own client. All
        other catalogs know."""
        if location is None and self.properties.get(SIGNED_FOR) == GLUE:
            *namespace, name = self.identifier_to_tuple(identifier)
            below = self.load_namespace_properties(tuple(namespace)).get("location")
            location = f"{below.rstrip('/')}/{name}" if below else None
        made: Table = super().create_table(identifier, schema, location, *arguments, **options)
        return made

    def _create_session(self) -> Session:
        session = super()._create_session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=READ_AGAIN))
        for adapter in session.adapters.values():  # one that signs may be among them
            adapter.send = partial(_timed, adapter.send)  # type: ignore[method-assign]
        session.hooks["response"].append(self._compare_clocks)
        return session

    def _compare_clocks(self, response: Response, **_: Any) -> None:
        with suppress(KeyError, ValueError):
            ahead = parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
            self.ahead = ahead if abs(ahead) > EXACT else 0.0


def _timed(send: Callable[..., Response], request: PreparedRequest, **options: Any) -> Response:
    return send(request, **options | {"timeout": options.get("timeout") or SECONDS})
