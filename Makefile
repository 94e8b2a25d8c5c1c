# Every target is one plain command: without make, type what stands under it.
.PHONY: check quick faults pythons docs site contract components lock run

check:
	pytest

quick:
	pytest -n 2 -m "not slow" tests/test_architecture.py tests/library/geometry tests/library/latent tests/library/layers tests/library/networks tests/library/models tests/library/storage tests/library/export tests/server/contract tests/server/encoding tests/components/test_generate.py

faults:
	pytest tests/faults --long

pythons:
	FAULTS=long pytest tests/components

docs:
	python -m ganmnist.glossary
	python docs/making/notebook.py
	python -m ganmnist.networks.layer_docs
	python -m ghpython_components.pictures.docs docs/images

site:
	zensical build --clean --strict

contract:
	python -m bridge_server.contract.openapi

components:
	python -m ghpython_components.build

# Needs uv (pip install uv). For newer versions: make lock FLAGS=--upgrade
LOCK = uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate \
	--index-url https://pypi.org/simple --custom-compile-command "make lock" $(FLAGS)

lock:
	$(LOCK) -o requirements.txt
	$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt \
		$$(sed -n 's/^\([a-z0-9_.-]*\)==.*/--no-emit-package \1/p' requirements.txt)

run:
	python -m bridge_server serve
