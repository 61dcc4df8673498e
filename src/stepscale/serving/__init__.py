"""The learned policy as a product: settings that can be saved, answers to single questions, an MLflow model of both."""
