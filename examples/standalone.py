"""The library alone: train a model and hold a digit as a COMPAS mesh."""

from ganmnist import TrainConfig, load_data, relief, train

digits = load_data()
sampler = train(digits, TrainConfig(seconds=60), on_progress=lambda now: print(f"\r{now.percent:.0f} %", end=""))
mesh = relief(sampler.sample()[0]).to_compas()
print(f"\n{mesh.number_of_vertices()} vertices, {mesh.number_of_faces()} faces")
