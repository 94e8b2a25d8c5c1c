"""A local server around ganmnist, for Rhino and Grasshopper."""
