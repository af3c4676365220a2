package peer;

import org.eclipse.hawkbit.autoconfigure.security.EnableHawkbitManagedSecurityConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** hawkBit as its starters configure it. */
@SpringBootApplication
@EnableHawkbitManagedSecurityConfiguration
public class Start {
  public static void main(String[] arguments) {
    SpringApplication.run(Start.class, arguments);
  }
}
