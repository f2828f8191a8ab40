"""Contracts: what each table promises, and the checks that stop a bad publish. Imports nothing."""
