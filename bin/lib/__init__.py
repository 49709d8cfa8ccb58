"""The house scripts: they prepare, start and check the product, and are no part of it."""
