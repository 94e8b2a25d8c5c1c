# Every target is one plain command: without make, type what stands under it.
.PHONY: check test contract components run

check:
	ruff check . && ruff format --check . && mypy && pytest

test:
	pytest

contract:
	python -m bridge_server.openapi

components:
	python -m ghpython_components.build --out dist

run:
	python -m bridge_server serve
