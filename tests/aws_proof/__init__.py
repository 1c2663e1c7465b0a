"""Runs the whole product once in a real AWS account and writes down what happened: `python -m tests.aws_proof`."""
