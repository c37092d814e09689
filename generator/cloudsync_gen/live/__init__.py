"""What runs beside a service on a developer's machine (stand-ins for others, a watch), and the code
host that is told of a change.
"""
