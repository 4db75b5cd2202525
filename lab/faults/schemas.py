"""A schema with all that made dumps and restores of others fail, and how two contents are compared."""

from collections.abc import Callable

#: Everything that a schema may have and that made dumps or restores of others fail, made by root.
SCHEMA = """
SET SESSION restrict_fk_on_non_standard_key = OFF, sql_mode = '';
ALTER DATABASE admin COLLATE utf8mb4_bin;
CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b));
CREATE TABLE c (i INT PRIMARY KEY, a INT, twice INT GENERATED ALWAYS AS (a * 2) STORED, d DATE,
  FOREIGN KEY (a) REFERENCES p (a));
INSERT INTO p VALUES (1, 1), (2, 2);
INSERT INTO c (i, a, d) VALUES (1, 1, '0000-00-00'), (2, 2, '2020-01-01');
CREATE TABLE `odd ``na"me\\\\ ä` (x INT COMMENT 'it''s');
INSERT INTO `odd ``na"me\\\\ ä` VALUES (2), (1);
CREATE TABLE big (i INT PRIMARY KEY, b LONGBLOB);
INSERT INTO big VALUES (1, REPEAT('a', 40 * 1024 * 1024));
CREATE TABLE log (i INT AUTO_INCREMENT PRIMARY KEY);
CREATE FUNCTION fn() RETURNS INT DETERMINISTIC RETURN 3;
CREATE VIEW a_view AS SELECT * FROM c;
CREATE VIEW `z "view\\\\` AS SELECT *, fn() AS f FROM a_view;
CREATE TRIGGER short BEFORE INSERT ON p FOR EACH ROW SET NEW.b = NEW.b + 1;
CREATE EVENT each_second ON SCHEDULE EVERY 1 SECOND DO INSERT INTO log VALUES ();
CREATE USER bob@'%' IDENTIFIED BY 'bob-pw';
CREATE DEFINER = bob@'%' SQL SECURITY INVOKER VIEW bobs AS SELECT 1 AS one;
DELIMITER //
CREATE TRIGGER long_one BEFORE INSERT ON c FOR EACH ROW BEGIN /* b */ -- c
 SET NEW.a = NEW.a; # d
END//
CREATE PROCEDURE commented() BEGIN /* x */ -- y
 SELECT 1; # z
END//
DELIMITER ;
"""
OBJECTS = """
SELECT 'collation', default_collation_name FROM information_schema.schemata WHERE schema_name = 'admin';
SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = 'admin' ORDER BY 1, 2;
SELECT 'trigger', trigger_name, action_statement, definer FROM information_schema.triggers
  WHERE trigger_schema = 'admin' ORDER BY 2;
SELECT 'routine', routine_name, routine_definition, definer FROM information_schema.routines
  WHERE routine_schema = 'admin' ORDER BY 2;
SELECT 'event', event_name, event_definition, definer, status FROM information_schema.events
  WHERE event_schema = 'admin' ORDER BY 2;
SELECT 'view', table_name, view_definition, definer FROM information_schema.views
  WHERE table_schema = 'admin' ORDER BY 2;
SELECT 'key', constraint_name, unique_constraint_schema, referenced_table_name
  FROM information_schema.referential_constraints WHERE constraint_schema = 'admin' ORDER BY 2;
"""


def content(root: Callable[[str], str]) -> str:
    """What the schema `admin` holds, as text. Of a table that an event writes to only the structure counts.

    Args:
        root: Runs SQL as root and returns what the server says.
    """
    tables = root("USE admin; SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'").splitlines()
    names = [line.split("\t")[0].replace("\\\\", "\\").replace("`", "``") for line in tables]
    sums = "".join(f"CHECKSUM TABLE `{name}`;" for name in names if name != "log")
    return root(OBJECTS) + root(f"USE admin; {sums}")
