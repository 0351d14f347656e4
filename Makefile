PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run demo test check lock

run: $(VENV)/run
	$(BIN)/python manage.py up

demo: $(VENV)/run
	$(BIN)/python manage.py up --demo

test: $(VENV)/test
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files 'templates/*.html')
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python manage.py makemigrations --check --dry-run

# What a lock says is installed when it changed, and never otherwise.
$(VENV)/run: requirements.lock | $(BIN)/python
	@echo "Installing Countersign into $(VENV). The first time takes a minute or two."
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@touch $@

$(VENV)/test: requirements-test.lock | $(BIN)/python
	@echo "Installing Countersign and its test tools into $(VENV)."
	$(BIN)/pip install --quiet --require-hashes -r requirements-test.lock
	@touch $@ $(VENV)/run

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# For maintainers: needs uv.
lock:
	uv pip compile pyproject.toml --universal --generate-hashes --no-strip-extras --quiet \
	  --upgrade --custom-compile-command "make lock" --output-file requirements.lock
	uv pip compile pyproject.toml --extra test --universal --generate-hashes --no-strip-extras \
	  --quiet --custom-compile-command "make lock" --output-file requirements-test.lock \
	  --constraint requirements.lock
