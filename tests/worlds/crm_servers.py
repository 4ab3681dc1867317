"""Servers of CRMs that an account store is tried on: strict where the documentation is."""

import re
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from target_servers import SECRET, Json, Reply, Request, TargetServer

PROPERTIES = "/crm/v3/properties/companies"
COMPANIES = "/crm/v3/objects/companies"


class FakeHubSpot(TargetServer):
    """HubSpot's companies and their properties. `refuses` are values that it does not take."""

    def __init__(self) -> None:
        super().__init__()
        self.companies: dict[str, Json] = {}
        self.refuses: set[str] = set()
        self.multi_status = True
        self.numbers = count(7000)
        self.properties: dict[str, Json] = {
            name: {"name": name, "type": "string", "hubspotDefined": True}
            for name in ("name", "domain", "industry")
        }

    def serve(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return _error(401, "INVALID_AUTHENTICATION")
        answers = {
            ("GET", PROPERTIES): lambda: Reply(200, {"results": list(self.properties.values())}),
            ("POST", f"{PROPERTIES}/batch/create"): lambda: self._create(request.body["inputs"]),
            ("GET", COMPANIES): lambda: self._list(request.query),
            ("POST", f"{COMPANIES}/batch/read"): lambda: self._read(request.body),
            ("POST", f"{COMPANIES}/batch/upsert"): lambda: self._upsert(request.body["inputs"]),
        }
        answer = answers.get((request.method, request.path))
        return answer() if answer else _error(404, "OBJECT_NOT_FOUND")

    def _create(self, inputs: list[Json]) -> Reply:
        if len(inputs) > 100 or any(one["name"] in self.properties for one in inputs):
            return _error(409, "OBJECT_ALREADY_EXISTS")
        for one in inputs:
            fits = re.fullmatch("[a-z][a-z0-9_]{0,99}", one["name"]) and one["label"]
            typed = one["type"] in ("string", "number", "bool", "datetime", "date")
            if not (fits and typed and one["fieldType"] and one["groupName"]):
                return _error(400, "VALIDATION_ERROR")
            if one["type"] == "bool" and {o["value"] for o in one["options"]} != {"true", "false"}:
                return _error(400, "VALIDATION_ERROR")
        self.properties |= {one["name"]: {**one, "hubspotDefined": False} for one in inputs}
        return Reply(201, {"status": "COMPLETE", "results": inputs})

    def _upsert(self, inputs: list[Json]) -> Reply:
        if not 0 < len(inputs) <= 100 or len({one["id"] for one in inputs}) < len(inputs):
            return _error(400, "VALIDATION_ERROR")
        wrong = [one for one in inputs if not self._is_fit(one)]
        if wrong and not (self.multi_status and all(one["objectWriteTraceId"] for one in wrong)):
            return _error(400, "VALIDATION_ERROR")
        results = [self._take(one) for one in inputs if one not in wrong]
        errors = [_refused(one) for one in wrong]
        body = {"status": "COMPLETE", "results": results, "errors": errors}
        return Reply(207 if wrong else 200, body)

    def _is_fit(self, one: Json) -> bool:
        unique = self.properties.get(one["idProperty"], {}).get("hasUniqueValue")
        return bool(unique) and all(
            name in self.properties
            and isinstance(text, str)
            and text not in self.refuses
            and (text == "" or _is_of(self.properties[name]["type"], text))
            for name, text in one["properties"].items()
        )

    def _take(self, one: Json) -> Json:
        name = one["id"]
        new = name not in self.companies
        if new:
            self.companies[name] = {"id": str(next(self.numbers)), "properties": {}}
        company = self.companies[name]
        held = {**company["properties"], one["idProperty"]: name, **one["properties"]}
        company["properties"] = {k: v for k, v in held.items() if v != ""}
        shown = {k: held[k] or None for k in [one["idProperty"], *one["properties"]]}
        trace = one["objectWriteTraceId"]
        return {**company, "new": new, "properties": shown, "objectWriteTraceId": trace}

    def _list(self, query: dict[str, str]) -> Reply:
        limit, after = int(query.get("limit", 10)), int(query.get("after", 0))
        if limit > 100:
            return _error(400, "VALIDATION_ERROR")
        there = sorted(self.companies.values(), key=lambda one: int(one["id"]))
        asked = query.get("properties", "").split(",")
        found = [_only(one, asked) for one in there[after : after + limit]]
        more = {"paging": {"next": {"after": str(after + limit)}}}
        return Reply(200, {"results": found, **(more if after + limit < len(there) else {})})

    def _read(self, body: Json) -> Reply:
        by, ids = body.get("idProperty"), [one["id"] for one in body["inputs"]]
        if len(ids) > 100:
            return _error(400, "VALIDATION_ERROR")
        found = [
            _only(one, body["properties"])
            for one in self.companies.values()
            if (one["properties"].get(by) if by else one["id"]) in ids
        ]
        return Reply(207 if len(found) < len(ids) else 200, {"results": found, "errors": []})

    def held(self, account_id: str) -> Json | None:
        company = self.companies.get(account_id)
        return company and {
            k: v for k, v in company["properties"].items() if k not in ("name", "account_id")
        }


def _only(company: Json, names: list[str]) -> Json:
    return {**company, "properties": {k: company["properties"].get(k) for k in names}}


def _refused(one: Json) -> Json:
    context = {"objectWriteTraceId": [one["objectWriteTraceId"]]}
    return {"category": "VALIDATION_ERROR", "message": "a value is invalid", "context": context}


def _error(status: int, category: str) -> Reply:
    return Reply(status, {"status": "error", "category": category, "message": "no"})


def _is_of(kind: str, text: str) -> bool:
    try:
        reads: dict[str, Any] = {"number": Decimal, "datetime": datetime.fromisoformat}
        reads.get(kind, str)(text)
    except (ArithmeticError, ValueError):
        return False
    return kind != "bool" or text in ("true", "false")


class FakeIntercom(TargetServer):
    """Intercom's companies and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.companies: dict[str, Json] = {}
        self.attributes: dict[str, str] = {}

    def serve(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return Reply(401, {"type": "error.list", "errors": [{"code": "unauthorized"}]})
        if not request.headers.get("intercom-version"):
            return Reply(400, {"type": "error.list"})
        if request.path == "/data_attributes":
            return self._attribute(request)
        if (request.method, request.path) == ("POST", "/companies"):
            return self._take(request.body)
        return Reply(404, {"type": "error.list"})

    def _attribute(self, request: Request) -> Reply:
        if request.method == "GET":
            assert request.query == {"model": "company"}
            listed = [{"name": name, "custom": True} for name in self.attributes]
            return Reply(200, {"type": "list", "data": listed})
        body = request.body
        if body["name"] in self.attributes or not re.fullmatch("[A-Za-z0-9_]+", body["name"]):
            return Reply(400, {"type": "error.list", "errors": [{"code": "parameter_invalid"}]})
        self.attributes[body["name"]] = body["data_type"]
        return Reply(200, {"type": "data_attribute", **body})

    def _take(self, body: Json) -> Reply:
        sent = body["custom_attributes"]
        types = {"string": str, "float": Decimal, "boolean": bool}
        fits = (
            name in self.attributes
            and (value is None or type(value) is types[self.attributes[name]])
            for name, value in sent.items()
        )
        if not all(fits):
            return Reply(400, {"type": "error.list", "errors": [{"code": "parameter_invalid"}]})
        new = {"type": "company", "monthly_spend": 49, "custom_attributes": {}}
        company = self.companies.setdefault(body["company_id"], new)
        held = {**company["custom_attributes"], **sent}
        kept = {name: value for name, value in held.items() if value is not None}
        company |= {**body, "custom_attributes": kept}
        return Reply(200, company)

    def held(self, account_id: str) -> Json | None:
        company = self.companies.get(account_id)
        return company and company["custom_attributes"]
