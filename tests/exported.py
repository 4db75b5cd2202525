"""Metrics of a database that alerts and the dashboard use; tests/sql sees that the exporter has them."""

OF_MYSQL = frozenset(
    {
        "mysql_global_status_aborted_clients",
        "mysql_global_status_aborted_connects",
        "mysql_global_status_connection_errors_total",
        "mysql_global_status_innodb_buffer_pool_read_requests",
        "mysql_global_status_innodb_buffer_pool_reads",
        "mysql_global_status_queries",
        "mysql_global_status_slow_queries",
        "mysql_global_status_ssl_server_not_after",
        "mysql_global_status_threads_connected",
        "mysql_global_status_threads_running",
        "mysql_global_status_uptime",
        "mysql_global_variables_max_connections",
        "mysql_up",
    }
)
