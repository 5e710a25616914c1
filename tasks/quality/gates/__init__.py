"""Gates: each segment is measured while its frames stream, and judged before its successor."""
