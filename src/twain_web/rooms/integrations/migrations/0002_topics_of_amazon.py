from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations_room", "0001_first"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="provider",
            name="to_confirm",
        ),
        migrations.AddField(
            model_name="provider",
            name="topics",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="provider",
            name="unconfirmed",
            field=models.JSONField(default=dict),
        ),
    ]
