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
			Namespace:    namespace.Name,
			Password:     settings.RequireSecret("mysqlPassword"),
			RootPassword: settings.RequireSecret("mysqlRootPassword"),
			Image:        pulumi.String(settings.Require("mysqlImage")),
			ServiceType:  kubeauth.ServiceType_CLUSTER_IP,
			Backup:       &kubeauth.BackupArgs{Schedule: pulumi.String("0 3 * * *"), Keep: pulumi.Int(14)},
		})
		if err != nil {
			return err
		}
		auth, err := kubeauth.NewAuthService(ctx, "authenticate", &kubeauth.AuthServiceArgs{
			Image:    pulumi.String(settings.Require("authImage")),
			Database: database.Connection,
		})
		if err != nil {
			return err
		}
		ctx.Export("databaseHost", auth.DatabaseHost)
		return nil
	})
}
