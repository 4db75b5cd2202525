package main

import (
	"github.com/kubeauth/pulumi-kubeauth/sdk/go/kubeauth"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		settings := config.New(ctx, "")
		namespace, err := kubeauth.NewAppNamespace(ctx, "production-cloud", &kubeauth.AppNamespaceArgs{})
		if err != nil {
			return err
		}
		database, err := kubeauth.NewMySqlDatabase(ctx, "mysqlauth", &kubeauth.MySqlDatabaseArgs{
			Namespace:     namespace.Name,
			Password:      settings.RequireSecret("mysqlPassword"),
			RootPassword:  settings.RequireSecret("mysqlRootPassword"),
			Image:         pulumi.StringRef("localhost/mysql:9.7"),
			NodePort:      pulumi.IntRef(32001),
			NodePortCidrs: []string{"10.99.0.0/16"},
			RetainData:    pulumi.BoolRef(false),
			Resources:     &kubeauth.ResourcesArgs{MemoryLimit: pulumi.StringRef("512Mi")},
		})
		if err != nil {
			return err
		}
		auth, err := kubeauth.NewAuthService(ctx, "authenticate", &kubeauth.AuthServiceArgs{
			Image:      "localhost/authenticate:1.0.0",
			Database:   database.Connection,
			Command:    []string{"/bin/sh", "-c"},
			Args:       []string{"python run.py"},
			WorkingDir: pulumi.StringRef("/build/authenticate_service"),
		})
		if err != nil {
			return err
		}
		ctx.Export("databaseHost", auth.DatabaseHost)
		return nil
	})
}
