"""What a failed request says about the proxy of this machine, where it has one."""

import requests

CHECK = "; check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"
NO_PASSWORD = f"the proxy asks for a user name and password (407){CHECK}"


def proxy_trouble(error: Exception) -> str | None:
    """Return what is wrong with the proxy, None when the error is of another kind."""
    if isinstance(error, requests.exceptions.ProxyError):
        return NO_PASSWORD if "407" in str(error) else f"no connection through the proxy{CHECK}"
    if isinstance(error, requests.exceptions.InvalidURL) and "roxy" in str(error):
        return f"the proxy's address cannot be understood{CHECK}"
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return f"the proxy is a SOCKS one, for which the package PySocks is missing{CHECK}"
    return None
