# Every target is one plain command: without make, type what stands under it.
.PHONY: check faults docs contract components run

check:
	pytest

faults:
	pytest tests/faults --long

docs:
	python -m ganmnist.layer_docs
	python -m ghpython_components.pictures docs/images

contract:
	python -m bridge_server.openapi

components:
	python -m ghpython_components.build

run:
	python -m bridge_server serve
