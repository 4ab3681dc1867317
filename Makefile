# Everything a user or CI types. A fresh machine needs Python 3.11 or newer and make.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export RUNTIME__DLTHUB_TELEMETRY := false
export DO_NOT_TRACK := 1

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
SETUP := .venv/.setup
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
CONSTRAINTS := dist/stripe_traits-$(VERSION)-constraints.txt
SPARK := .spark/.setup
DUCKLAKE := .ducklake/.setup
LAKEHOUSE := .lakehouse/.setup
WORKERS := -n 3 --dist loadfile --no-loadscope-reorder
SOAK_SECONDS ?= 600
TESTS := tests/worlds:tests/processes:tests/histories
PARSED := transform/target/manifest.json
DATA_DIR ?= data
METRICS := transform/target/metrics
QUERY ?= --metrics mrr --group-by metric_time__month,account_month__currency --order metric_time__month
DBT_FILES := dbt_project.yml profiles.yml $(shell find transform -name target -prune -o -name logs -prune -o -type f -print)

.PHONY: demo test test-long test-spark setup-spark test-ducklake setup-ducklake test-lakehouse setup-lakehouse bench bench-quick soak-sync soak-lives soak-stops soak ui report page demo-page report-page setup wheel test-wheel test-containers release check docs metrics format clean help
.DEFAULT_GOAL := help

help: ## list what can be typed
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 16

demo: setup ## the whole way of the data on a made-up business, in about a minute
	$(BIN)/stripe-traits demo

test: setup ## what a change is tried with, on real components, in some five minutes
	$(BIN)/pytest $(WORKERS) -m 'not long'

test-long: setup ## kills, faults, full disks, Dagster's daemon, upgrades, histories: another quarter of an hour
	$(BIN)/pytest $(WORKERS) -m long

bench: setup ## what users feel, in some 50 minutes: docs/benchmarks.md; BENCH="--only import --note busy"
	@$(BIN)/python -m benchmarks $(BENCH)

bench-quick: setup ## fails where fixed work asks for more requests, rows, statements or dbt nodes; RENEW=1
	@$(BIN)/python -m benchmarks.quick $(if $(RENEW),--renew)

soak: setup ## random histories: loads, webhooks and deliveries, faults, kill -9; SOAK_SECONDS, SOAK_SEED, SOAK_HISTORIES
	PYTHONPATH=$(CURDIR):$(TESTS) $(BIN)/python tests/histories/soak.py --seconds $(SOAK_SECONDS) $(if $(SOAK_SEED),--seed $(SOAK_SEED)) $(if $(SOAK_HISTORIES),--histories $(SOAK_HISTORIES))

soak-sync: setup ## kill -9 of 250 syncs at random points; SEED=2 draws others
	PYTHONPATH=$(TESTS) $(BIN)/python tests/histories/sync_soak.py --kills 250 --seed $(or $(SEED),1)

soak-lives: setup ## 500 random lives of accounts, their events late, doubled, lost: as a first import; SEED=2
	FRESH_LIVES=$(or $(LIVES),500) FRESH_SEED=$(SEED) $(BIN)/pytest tests/whole_way/test_fresh_import.py

soak-stops: setup ## 40 syncs stopped by SIGINT and SIGTERM at random moments; SEED=2 draws others
	PYTHONPATH=$(CURDIR):$(TESTS) $(BIN)/python tests/histories/stopped_syncs.py --stops 40 --seed $(or $(SEED),1)

ui: setup ## Dagster's web page, http://127.0.0.1:3000; PORT=3001
	$(BIN)/stripe-traits ui $(if $(PORT),--port $(PORT))

report: setup ## the pages for people who look, on the demo's data, http://127.0.0.1:4000; PORT=4001
	DATA_DIR=data/demo $(BIN)/stripe-traits report --open $(if $(PORT),--port $(PORT))

demo-page: demo ## Dagster's page right after the demo, with nothing configured, has no red light; some minutes
	PYTHONPATH=$(TESTS) $(BIN)/python tests/orchestration/page_after_demo.py

page: setup ## Dagster's page in headless Chromium, which is installed where it is missing; docs/lineage.png
	PYTHONPATH=$(TESTS) $(BIN)/python tests/orchestration/page_in_chromium.py

report-page: setup ## the report in headless Chromium, every other host unreachable; docs/report-*.png; DATA=data/demo
	PYTHONPATH=$(TESTS) $(BIN)/python tests/report/report_in_chromium.py $(if $(DATA),--data $(DATA))

setup-spark: setup $(SPARK) ## Spark and Iceberg in .spark, some 400 MB; Java 17 has to be there

test-spark: setup-spark ## the same loads and marts on Spark and Iceberg: PostgreSQL, a master, two workers
	$(BIN)/pytest -m spark

setup-ducklake: setup $(DUCKLAKE) ## DuckDB 1.5.5 with DuckLake in .ducklake, for PYTHONPATH, some 130 MB

test-ducklake: setup-ducklake ## the same loads and marts with a DuckLake: PostgreSQL, several processes
	PYTHONPATH=$(CURDIR)/.ducklake $(BIN)/pytest -m ducklake

setup-lakehouse: setup $(LAKEHOUSE) ## an S3 server with an Iceberg REST catalog in .lakehouse, some 250 MB

test-lakehouse: setup-lakehouse ## the same loads and marts in a lakehouse: several loaders, kills, an outage
	$(BIN)/pytest -m lakehouse

wheel: setup ## dist/*.whl, which needs no checkout, and the versions that it was tested with
	rm -rf dist
	$(BIN)/python -m release.parsed
	$(UV) build --quiet --wheel --out-dir dist
	$(UV) export --quiet --frozen --no-dev --all-extras --no-emit-project --no-hashes --no-annotate --no-header --output-file $(CONSTRAINTS)
	@ls dist

test-wheel: wheel ## the wheel in a clean environment, in an empty folder, without this checkout
	UV=$(abspath $(UV)) $(BIN)/pytest -m wheel

test-containers: setup ## compose.yaml in containers, some ten minutes; as root, with podman: docs/operations.md
	$(BIN)/pytest -m containers tests/containers

release: ## checks and tests everything, the built wheel too, and tags this commit
	$(PYTHON) -m release.ready
	$(MAKE) check test test-long test-wheel
	$(PYTHON) -m release.ready
	git tag --annotate v$(VERSION) --message "stripe-traits $(VERSION)"
	@echo "v$(VERSION) is tagged; dist/ has what to publish"

setup: $(SETUP) $(PARSED) ## .venv with the locked dependencies, and the parsed dbt project

check: setup ## format, lint, types, SQL, lock file, layers
	$(UV) lock --check --quiet
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar transform/models transform/tests

docs: setup ## every mart and column, typed and described: transform/target/docs/index.html
	@WAREHOUSE_PATH=:memory: $(BIN)/dbt --quiet parse --target-path transform/target/docs
	@WAREHOUSE_PATH=:memory: $(BIN)/dbt --quiet docs generate --no-compile --empty-catalog --static --target-path transform/target/docs
	@$(BIN)/python -m orchestration.pages.data_dictionary transform/target/docs/index.html
	@echo transform/target/docs/index.html

# mf looks for the parsed metrics in target/ of the project's folder, hence a folder of its own, in which
# the marts are those of the published copy. It asks the package index for a newer mf each time, hence
# a proxy that refuses.
metrics: setup ## what MetricFlow says of the published marts; QUERY="--metrics arpa --group-by metric_time__month"
	@mkdir -p $(METRICS)/target
	@rm -f $(METRICS)/answer.csv
	@ln -sfn $(CURDIR)/dbt_project.yml $(METRICS)/dbt_project.yml
	@sed 's/"database": *"warehouse"/"database": "marts"/g; s/"schema_name": *"marts"/"schema_name": "main"/g; s/\\"warehouse\\"\.\\"marts\\"/\\"marts\\".\\"main\\"/g' \
	  transform/target/semantic_manifest.json > $(METRICS)/target/semantic_manifest.json
	@DBT_PROJECT_DIR=$(METRICS) DBT_PROFILES_DIR=. HTTPS_PROXY=http://127.0.0.1:9 \
	  WAREHOUSE_PATH=$(DATA_DIR)/marts.duckdb WAREHOUSE_TARGET=published $(BIN)/mf query --csv $(METRICS)/answer.csv $(QUERY)
	@$(BIN)/python -m orchestration.pages.metrics_table $(METRICS)/answer.csv

format: setup ## put Python and SQL into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --disable-progress-bar transform/models transform/tests

clean: ## remove what make made; data/ stays
	rm -rf .venv .uv .spark .ducklake .lakehouse transform/target transform/logs .mypy_cache .ruff_cache .pytest_cache

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(SETUP): pyproject.toml uv.lock $(if $(findstring .uv/,$(UV)),.uv/bin/uv)
	$(UV) sync --frozen --quiet --compile-bytecode --python $(PYTHON)
	@touch $@

$(PARSED): $(SETUP) $(DBT_FILES)
	$(BIN)/python -m orchestration.build.manifest
	$(BIN)/python -m orchestration.code_location.events.asset_keys
	$(BIN)/python -m orchestration.code_location.dbt_specs

$(SPARK): tests/spark/requirements.txt tests/spark/wheels.txt tests/spark/jars.py
	$(PYTHON) -m venv .spark/venv
	.spark/venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/spark/requirements.txt
	.spark/venv/bin/python tests/spark/jars.py
	@touch $@

$(LAKEHOUSE): tests/lakehouse/requirements.txt
	rm -rf .lakehouse
	$(UV) pip install --quiet --target .lakehouse --python $(BIN)/python --no-deps --require-hashes -r $<
	@touch $@

$(DUCKLAKE): deploy/ducklake-requirements.txt
	rm -rf .ducklake
	$(UV) pip install --quiet --target .ducklake --python $(BIN)/python --no-deps --require-hashes -r $<
	@touch $@
