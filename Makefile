# Every target is one plain command: without make, type what stands under it.
.PHONY: check faults docs contract components run

check:
	pytest

faults:
	pytest tests/faults --long

docs:
	python -m ganmnist.networks.layer_docs
	python -m ghpython_components.pictures.docs docs/images

contract:
	python -m bridge_server.contract.openapi

components:
	python -m ghpython_components.build

run:
	python -m bridge_server serve
