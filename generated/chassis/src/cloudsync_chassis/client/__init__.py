"""Calls to other services, within their budgets."""
