# Every target is one plain command: without make, type what stands under it.
.PHONY: check quick faults pythons docs contract components run

check:
	pytest

quick:
	pytest -n 2 -m "not slow" tests/test_architecture.py tests/library/geometry tests/library/latent tests/library/layers tests/library/networks tests/library/models tests/library/storage tests/library/export tests/server/contract tests/server/encoding tests/components/test_generate.py

faults:
	pytest tests/faults --long

pythons:
	FAULTS=long pytest tests/components

docs:
	python -m ganmnist.networks.layer_docs
	python -m ghpython_components.pictures.docs docs/images

contract:
	python -m bridge_server.contract.openapi

components:
	python -m ghpython_components.build

run:
	python -m bridge_server serve
