"""Tests of packaging, the templates and the installation."""
