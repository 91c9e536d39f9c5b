"""The density of the reported figures under the model."""
