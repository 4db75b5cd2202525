"""Kubernetes' own conformance specs against a local cluster of several nodes: is that a real Kubernetes?"""
