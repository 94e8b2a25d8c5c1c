"""The calls of the wire contract. Written by build.py from openapi.json: do not edit."""

API_VERSION = 1
CALLS = {
    "data": ("GET", "/api/data"),
    "data_prepare": ("POST", "/api/data/prepare"),
    "generate": ("POST", "/api/generate"),
    "health": ("GET", "/api/health"),
    "latents_invert": ("POST", "/api/latents/invert"),
    "layers": ("GET", "/api/layers"),
    "model": ("GET", "/api/models/{name}"),
    "model_delete": ("DELETE", "/api/models/{name}"),
    "model_file": ("GET", "/api/models/{name}/file"),
    "model_import": ("POST", "/api/models/file"),
    "model_rename": ("PATCH", "/api/models/{name}"),
    "models": ("GET", "/api/models"),
    "networks_activations": ("POST", "/api/networks/activations"),
    "networks_check": ("POST", "/api/networks/check"),
    "run": ("GET", "/api/runs/{id}"),
    "run_preview": ("GET", "/api/runs/{id}/preview.png"),
    "run_progress": ("GET", "/api/runs/{id}/progress"),
    "run_resume": ("POST", "/api/runs/{id}/resume"),
    "run_start": ("POST", "/api/runs"),
    "run_stop": ("POST", "/api/runs/{id}/stop"),
    "runs": ("GET", "/api/runs"),
    "server": ("GET", "/api/server"),
    "server_stop": ("POST", "/api/server/stop"),
    "server_token": ("POST", "/api/server/token"),
}
