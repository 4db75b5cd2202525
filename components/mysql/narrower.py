"""What options may be where the list that the server gives of itself says too much, or nothing; see `options`."""

NARROWER: dict[str, list[str]] = {
    "innodb-page-size": ["sizes", "4k", "8k", "16k", "32k", "64k"],
    "default-time-zone": ["zone", "SYSTEM"],
    # 2 is for file systems that do not tell cases apart; the server would take 0.
    "lower-case-table-names": ["whole", "0", "1"],
    # There is no keyring.
    **{name: ["off"] for name in ("binlog-encryption", "innodb-redo-log-encrypt", "innodb-undo-log-encrypt")},
    # Without a value only; a setting has one.
    **{name: ["bare"] for name in ("ansi", "core-file", "innodb-ft-aux-table", "skip-new", "skip-stack-trace")},
    "version-with-update": ["bare"],
    # What the server's table of variables does not have.
    **{
        name: ["whole", "0", str(2**63 - 1)]
        for name in ("exit-info", "log-tc-size", "master-retry-count", "max-binlog-dump-events", "myisam-block-size",
                     "port-open-timeout")
    },
    "optimizer-trace": ["flags", "enabled", "one_line"],
    "character-set-filesystem": ["like", "character-set-server", "binary"],
    # The SQL that makes accounts could not be read.
    "character-set-server": ["like", "character-set-server", "-swe7"],
    "ft-boolean-syntax": ["syntax", '+ -><()~*:""&|'],
    # Others keep no rows, or take none.
    "default-storage-engine": ["named", "InnoDB", "MyISAM", "MEMORY"],
    "default-tmp-storage-engine": ["named", "InnoDB", "MyISAM", "MEMORY"],
    # Accounts of this package use it.
    "authentication-policy": ["named", "*,,", "*", "*:caching_sha2_password,,", "caching_sha2_password,,"],
    "tls-version": ["named", "TLSv1.2,TLSv1.3", "TLSv1.3,TLSv1.2", "TLSv1.3", "TLSv1.2"],
    "tls-ciphersuites": ["ciphers", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                         "TLS_AES_128_CCM_SHA256"],
    "ssl-cipher": ["ciphers", *(
        f"{exchange}-{cipher}"
        for exchange in ("ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA")
        for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-CCM", "AES256-CCM")
        if exchange != "ECDHE-RSA" or not cipher.endswith("CCM")
    )],
    "innodb-data-file-path": ["files", "ibdata1:12M:autoextend"],
    "innodb-temp-data-file-path": ["files", "ibtmp1:12M:autoextend"],
    # The server makes its accounts with one statement that it prepares.
    "max-prepared-stmt-count": ["whole", "16", "4194304"],
    "server-id-bits": ["whole", "7", "32"],
    "thread-stack": ["whole", "131072", "16777216"],
    # The redo log's 100M must have room for what so many threads write at once.
    "innodb-thread-concurrency": ["whole", "0", "200"],
}  # fmt: skip
