"""Realistic bodies. Mutations of these go deeper than data generated from the description alone. tests/fuzz/names.py
inserts names."""

from typing import Any

V3, V2, NOVA, CINDER, GLANCE = "/identity/v3", "/network/v2.0", "/compute/v2.1", "/volume/v3", "/image/v2"
PROVIDER = "/placement/resource_providers/{provider_id}"
ACTION = f"POST {NOVA}/servers/{{server_id}}/action"
VOLUME_ACTION = f"POST {CINDER}/volumes/{{volume_id}}/action"
INVENTORY = {"total": 100, "reserved": 0, "min_unit": 1, "max_unit": 10, "step_size": 1, "allocation_ratio": 2.0}
ALLOCATION = {
    "allocations": {"{provider}": {"resources": {"VCPU": 1}}}, "project_id": "", "user_id": "",
    "consumer_generation": None, "consumer_type": "INSTANCE",
}  # fmt: skip
EXAMPLES: dict[str, list[Any]] = {
    f"POST {NOVA}/servers": [
        {"server": {"name": "s", "flavorRef": "1", "imageRef": "", "networks": [{"uuid": ""}]}},
        {"server": {"name": "s", "flavorRef": "1", "imageRef": "", "networks": "none", "min_count": 1, "max_count": 2,
                    "return_reservation_id": True, "metadata": {"a": "b"}}},
        {"server": {"name": "s", "flavorRef": "1", "imageRef": "", "networks": "auto", "key_name": "k",
                    "config_drive": True, "security_groups": [{"name": "default"}]}},
        {"server": {"name": "s", "flavorRef": "1", "networks": [{"port": ""}], "block_device_mapping_v2": [
            {"boot_index": 0, "uuid": "", "source_type": "volume", "destination_type": "volume",
             "delete_on_termination": False}]},
         "os:scheduler_hints": {"group": "x"}},
    ],
    ACTION: [{"os-stop": None}, {"os-start": None}, {"pause": None}, {"unpause": None}, {"reboot": {"type": "HARD"}},
             {"suspend": None}, {"resume": None}, {"lock": {"locked_reason": "why"}}, {"unlock": None},
             {"os-getConsoleOutput": {"length": 10}}, {"os-resetState": {"state": "error"}},
             {"addSecurityGroup": {"name": "default"}}, {"removeSecurityGroup": {"name": "default"}}],
    f"PUT {NOVA}/servers/{{server_id}}": [{"server": {"name": "n", "description": "d"}}],
    f"POST {NOVA}/servers/{{server_id}}/os-interface": [{"interfaceAttachment": {"net_id": ""}},
                                                        {"interfaceAttachment": {"port_id": ""}}],
    f"POST {NOVA}/servers/{{server_id}}/os-volume_attachments": [{"volumeAttachment": {"volumeId": ""}}],
    f"PUT {NOVA}/servers/{{server_id}}/os-volume_attachments/{{volume_id}}": [
        {"volumeAttachment": {"volumeId": "", "delete_on_termination": True}}],
    f"POST {NOVA}/servers/{{server_id}}/remote-consoles": [
        {"remote_console": {"protocol": "vnc", "type": "novnc"}}],
    f"PUT {NOVA}/servers/{{server_id}}/metadata/{{key}}": [{"meta": {"mark": "m"}}],
    f"POST {NOVA}/os-keypairs": [{"keypair": {"name": "new", "public_key": "{key}"}}],
    f"POST {NOVA}/flavors": [{"flavor": {"name": "f", "vcpus": 1, "ram": 64, "disk": 1}}],
    f"PUT {NOVA}/flavors/{{flavor_id}}": [{"flavor": {"description": "d"}}],
    f"PUT {NOVA}/flavors/{{flavor_id}}/os-extra_specs/{{key}}": [{"mark": "1"}],
    f"POST {NOVA}/flavors/{{flavor_id}}/action": [{"addTenantAccess": {"tenant": ""}}],
    f"PUT {NOVA}/os-quota-sets/{{project_id}}": [{"quota_set": {"instances": 5}}],
    f"POST {CINDER}/volumes": [
        {"volume": {"size": 1, "name": "v"}}, {"volume": {"size": 2, "imageRef": ""}},
        {"volume": {"size": 2, "source_volid": ""}}, {"volume": {"size": 2, "snapshot_id": ""}},
    ],
    VOLUME_ACTION: [{"os-extend": {"new_size": 3}}, {"os-set_bootable": {"bootable": True}}, {"os-reserve": {}},
                    {"os-unreserve": {}}, {"os-begin_detaching": {}}, {"os-roll_detaching": {}},
                    {"os-reset_status": {"status": "available"}}, {"revert": {"snapshot_id": ""}},
                    {"os-update_readonly_flag": {"readonly": True}}, {"os-force_delete": {}},
                    {"os-set_image_metadata": {"metadata": {"a": "b"}}}],
    f"POST {CINDER}/snapshots": [{"snapshot": {"volume_id": "", "name": "s", "force": True}}],
    f"POST {CINDER}/attachments": [{"attachment": {"volume_uuid": "", "instance_uuid": ""}}],
    f"PUT {CINDER}/volumes/{{volume_id}}": [{"volume": {"name": "n"}}],
    f"PUT {CINDER}/volumes/{{volume_id}}/metadata/{{key}}": [{"meta": {"mark": "m"}}],
    f"PUT {CINDER}/snapshots/{{snapshot_id}}/metadata/{{key}}": [{"meta": {"mark": "m"}}],
    f"POST {CINDER}/types": [{"volume_type": {"name": "t"}}],
    f"POST {CINDER}/types/{{type_id}}/action": [{"addProjectAccess": {"project": ""}}],
    f"PUT {CINDER}/types/{{type_id}}/extra_specs/{{key}}": [{"mark": "m"}],
    f"PUT {CINDER}/os-quota-sets/{{owner_id}}": [{"quota_set": {"volumes": 20}}],
    f"POST {V2}/networks": [{"network": {"name": "n"}}, {"networks": [{"name": "a"}, {"name": "b"}]}],
    f"PUT {V2}/networks/{{network_id}}": [{"network": {"name": "n", "admin_state_up": False}}],
    f"POST {V2}/subnets": [{"subnet": {"network_id": "", "cidr": "10.1.0.0/24", "ip_version": 4}},
                           {"subnet": {"network_id": "", "subnetpool_id": "", "ip_version": 4}}],
    f"POST {V2}/subnetpools": [{"subnetpool": {"name": "p", "prefixes": ["10.7.0.0/16"]}}],
    f"POST {V2}/ports": [{"port": {"network_id": "", "name": "p"}},
                         {"port": {"network_id": "", "fixed_ips": [{"subnet_id": ""}], "security_groups": [""]}}],
    f"PUT {V2}/ports/{{port_id}}": [{"port": {"name": "p", "allowed_address_pairs": [{"ip_address": "10.0.0.5"}]}}],
    f"POST {V2}/routers": [{"router": {"name": "r"}}, {"router": {"external_gateway_info": {"network_id": ""}}}],
    f"PUT {V2}/routers/{{router_id}}": [{"router": {"external_gateway_info": {"network_id": ""}}}],
    f"PUT {V2}/routers/{{router_id}}/add_router_interface": [{"subnet_id": ""}, {"port_id": ""}],
    f"PUT {V2}/routers/{{router_id}}/remove_router_interface": [{"subnet_id": ""}],
    f"PUT {V2}/routers/{{router_id}}/add_extraroutes": [
        {"router": {"routes": [{"destination": "10.9.0.0/24", "nexthop": "10.0.0.9"}]}}],
    f"POST {V2}/floatingips": [{"floatingip": {"floating_network_id": ""}},
                               {"floatingip": {"floating_network_id": "", "port_id": ""}}],
    f"PUT {V2}/floatingips/{{floating_ip_id}}": [{"floatingip": {"port_id": ""}}, {"floatingip": {"port_id": None}}],
    f"POST {V2}/security-groups": [{"security_group": {"name": "g"}}],
    f"POST {V2}/security-group-rules": [
        {"security_group_rule": {"security_group_id": "", "direction": "ingress", "protocol": "udp",
                                 "port_range_min": 1, "port_range_max": 5}},
        {"security_group_rule": {"security_group_id": "", "direction": "egress", "remote_group_id": ""}}],
    f"PUT {V2}/quotas/{{project_id}}": [{"quota": {"network": 50}}],
    f"POST {V3}/auth/tokens": [
        {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": "reader", "domain": {"id": "default"}, "password": "reader password"}}}}},
        {"auth": {"identity": {"methods": ["token"], "token": {"id": "{token}"}}, "scope": {"project": {"id": ""}}}}],
    f"POST {V3}/projects": [{"project": {"name": "p"}}],
    f"PATCH {V3}/projects/{{project_id}}": [{"project": {"description": "d"}}],
    f"POST {V3}/users": [{"user": {"name": "u", "password": "p"}}],
    f"PATCH {V3}/users/{{user_id}}": [{"user": {"email": "a@b"}}],
    f"PATCH {V3}/roles/{{role_id}}": [{"role": {"options": {"immutable": False}}}],
    f"POST {V3}/roles": [{"role": {"name": "r"}}],
    f"POST {V3}/users/{{user_id}}/application_credentials": [
        {"application_credential": {"name": "a", "expires_at": "2030-01-01T00:00:00"}}],
    f"POST {V3}/credentials": [{"credential": {"type": "cert", "blob": "b", "user_id": "", "project_id": ""}},
                               {"credential": {"type": "ec2", "blob": "{\"access\": \"a\", \"secret\": \"s\"}",
                                               "project_id": ""}}],
    f"POST {V3}/users/{{user_id}}/credentials/OS-EC2": [{"tenant_id": ""}],
    f"POST {V3}/endpoints": [{"endpoint": {"service_id": "", "interface": "public", "url": "http://x"}}],
    f"POST {GLANCE}/images": [{"name": "i", "disk_format": "raw", "container_format": "bare"},
                              {"name": "i", "visibility": "shared", "tags": ["a"], "own": "property"}],
    f"POST {GLANCE}/images/{{image_id}}/members": [{"member": ""}],
    f"PUT {GLANCE}/images/{{image_id}}/members/{{member_id}}": [{"status": "accepted"}],
    f"PUT {PROVIDER}/inventories": [{"resource_provider_generation": 1, "inventories": {"VCPU": INVENTORY}}],
    f"POST {PROVIDER}/inventories": [{**INVENTORY, "resource_class": "VGPU"}],
    f"PUT {PROVIDER}/inventories/{{resource_class}}": [{**INVENTORY, "resource_provider_generation": 1}],
    f"PUT {PROVIDER}/traits": [{"resource_provider_generation": 1, "traits": ["HW_CPU_X86_VMX"]}],
    f"PUT {PROVIDER}/aggregates": [{"resource_provider_generation": 1,
                                    "aggregates": ["5b1f8e1c-0000-4000-8000-000000000000"]}],
    "PUT /placement/allocations/{consumer_id}": [ALLOCATION],
    "POST /placement/allocations": [{"{server}": ALLOCATION}],
    "POST /placement/resource_classes": [{"name": "CUSTOM_X"}],
    "POST /kumoi/v1/placement/dry-run": [{"flavor": "1"}],
}  # fmt: skip
"""Operation → bodies."""
QUERIES: dict[str, dict[str, str]] = {
    "GET /placement/allocation_candidates": {"resources": "VCPU:1,MEMORY_MB:64"},
    "GET /placement/usages": {"project_id": ""},
}
WORDS_IN_PATHS: dict[str, tuple[str, ...]] = {
    "/placement/resource_classes/{name}": ("CUSTOM_X", "VCPU"),
    "/placement/traits/{name}": ("CUSTOM_Y", "HW_CPU_X86_VMX"),
    f"{V2}/extensions/{{alias}}": ("router", "tags"),
    f"{CINDER}/extensions/{{alias}}": ("os-quota-sets",),
    f"{NOVA}/extensions/{{alias}}": ("os-keypairs",),
    f"{CINDER}/os-quota-class-sets/{{name}}": ("default",),
    f"{CINDER}/types/{{type_id}}/encryption/{{key}}": ("provider",),
    f"{NOVA}/os-quota-class-sets/{{name}}": ("default",),
}
PATCH = "application/openstack-images-v2.1-json-patch"
PATCHED = f"PATCH {GLANCE}/images/{{image_id}}"
PATCHES: list[Any] = [
    [{"op": "replace", "path": "/name", "value": "n"}], [{"op": "add", "path": "/own", "value": "x"}],
    [{"op": "remove", "path": "/mark"}], [{"op": "replace", "path": "/visibility", "value": "shared"}],
    [{"op": "move", "path": "/a", "from": "/mark"}], [{"op": "add", "path": "/tags", "value": ["a", 1]}], [], [{}],
]  # fmt: skip
"""Bodies of the route with its own media type."""
